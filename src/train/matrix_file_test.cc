#include "train/matrix_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "train/test_data.h"

namespace slipway::train {
namespace {

bool equal(const LabelledRows& a, const LabelledRows& b) {
  const size_t size_bytes = a.rows.n_rows * a.rows.n_columns * sizeof(float);
  return a.rows.n_rows == b.rows.n_rows && a.rows.n_columns == b.rows.n_columns &&
         std::memcmp(a.rows.values, b.rows.values, size_bytes) == 0 &&
         std::equal(a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end());
}

class MatrixFiles : public testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::make().value();
  std::filesystem::path path_ = folder_.path() / "data.matrix";
  TestData test_{61, 17};
};

TEST_F(MatrixFiles, ComeBackAsTheyWere) {
  ASSERT_TRUE(write_matrix_file(path_, test_.data(), {{"learner", "xgboost"}}).ok());
  auto opened = MatrixFile::open(path_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const MatrixFile file = std::move(opened).value();  // a moved file still points at its own data
  EXPECT_TRUE(equal(file.data().train, test_.part(0)));
  EXPECT_TRUE(equal(file.data().validation, test_.part(1)));
  EXPECT_EQ(file.data().names[3], "many");
  EXPECT_EQ(file.data().types[3], "c");
  EXPECT_EQ(file.note().at("learner").get_string(), "xgboost");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.data().train.labels.data()) % 64, 0u);
}

TEST_F(MatrixFiles, NeedNoValidationPart) {
  auto data = test_.data();
  data.validation = {};
  ASSERT_TRUE(write_matrix_file(path_, data).ok());
  const auto file = MatrixFile::open(path_);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->data().validation.rows.n_rows, 0u);
}

TEST_F(MatrixFiles, AnyDamageToTheHeadIsSeen) {
  ASSERT_TRUE(write_matrix_file(path_, test_.data()).ok());
  const auto bytes = *read_file(path_);
  const size_t head = bytes.find("\"note\"");
  ASSERT_NE(head, bytes.npos);
  for (size_t at = 0; at < head; ++at) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    ASSERT_TRUE(write_file(path_, damaged).ok());
    const auto file = MatrixFile::open(path_);
    ASSERT_FALSE(file.ok()) << at;
    EXPECT_EQ(file.error().code, Code::invalid_parameter_value);
  }
  for (const size_t size : {size_t{0}, size_t{8}, size_t{55}, size_t{56}, bytes.size() - 1}) {
    ASSERT_TRUE(write_file(path_, bytes.substr(0, size)).ok());
    EXPECT_FALSE(MatrixFile::open(path_).ok()) << size;
  }
  ASSERT_TRUE(write_file(path_, bytes + "x").ok());
  EXPECT_FALSE(MatrixFile::open(path_).ok());
}

TEST_F(MatrixFiles, SaysWhatIsWrong) {
  EXPECT_EQ(MatrixFile::open(path_).error().code, Code::resource_does_not_exist);
  ASSERT_TRUE(write_file(path_, std::string(100, 'x')).ok());
  EXPECT_TRUE(MatrixFile::open(path_).error().message.ends_with(
      "is no prepared data: it does not begin with SLWMATRX"));
  auto data = test_.data();
  data.names = data.names.subspan(1);
  EXPECT_EQ(write_matrix_file(path_, data).error().message, "4 columns but 3 names and 4 types");
}

}  // namespace
}  // namespace slipway::train
