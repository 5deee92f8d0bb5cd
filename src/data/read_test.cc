#include "data/read.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "base/file.h"
#include "base/random.h"
#include "data/parquet.h"

namespace slipway::data {
namespace {

constexpr size_t kRows = 1000;

Table sample() {
  std::vector<int64_t> ids;
  std::vector<std::string> names;
  for (size_t i = 0; i < kRows; ++i) {
    ids.push_back(static_cast<int64_t>(i));
    names.push_back(fmt::format("name, \"{}\"", i % 7));
  }
  Column score{"score", Type::float64, std::vector<double>(kRows, 0.1), {}};
  score.valid.assign(kRows, 1);
  score.valid[3] = 0;
  Column when{"when", Type::timestamp, std::vector<int64_t>(kRows, 1'359'608'400'000'001), {}};
  return Table::from_batch(
             {{int64_column("id", ids), string_column("name", names), score, when}, kRows})
      .value();
}

size_t n_files(const std::filesystem::path& folder) {
  size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++n;
  return n;
}

class ReadTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) { return folder_.value().path() / name; }
  Result<TemporaryFolder> folder_ = TemporaryFolder::make();
};

TEST_F(ReadTest, GivesBackWhatWasWritten) {
  const auto table = sample();
  for (const std::string name : {"t.parquet", "t.csv", "t.arrow", "T.FEATHER"}) {
    const auto written = write_table(table, path(name));
    ASSERT_TRUE(written.ok()) << written.error().message;
    const auto read = read_table(path(name));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->digest().value(), table.digest().value()) << name;
    ReadOptions options;
    options.columns = {"score", "id"};
    EXPECT_EQ(read_table(path(name), options).value().names(), options.columns) << name;
    options.columns = {"nine"};
    EXPECT_NE(read_table(path(name), options).error().message.find("no column 'nine'"),
              std::string::npos);
  }
  EXPECT_EQ(n_files(folder_.value().path()), 4u);
}

TEST_F(ReadTest, KnowsFilesByTheirEndings) {
  EXPECT_EQ(read_table("t.xlsx").error().message,
            "cannot tell what 't.xlsx' holds by its name; accepted: .csv, .csv.gz, .csv.zip, .zip, "
            ".parquet, .arrow, .feather");
  EXPECT_EQ(write_table(sample(), "t.zip").error().message,
            "cannot write 't.zip'; accepted endings: .parquet, .csv, .arrow, .feather");
  for (const std::string name : {"none.csv", "none.parquet", "none.arrow"}) {
    EXPECT_EQ(read_table(path(name)).error().code, Code::resource_does_not_exist) << name;
  }
}

TEST_F(ReadTest, DamagedFilesAreErrors) {
  for (const std::string name : {"t.parquet", "t.arrow"}) {
    ASSERT_TRUE(write_table(sample(), path(name)).ok());
    const auto bytes = read_file(path(name)).value();
    for (const size_t size :
         {size_t{0}, size_t{3}, size_t{20}, bytes.size() / 2, bytes.size() - 9, bytes.size() - 1}) {
      ASSERT_TRUE(write_file(path("cut_" + name), bytes.substr(0, size)).ok());
      const auto read = read_table(path("cut_" + name));
      ASSERT_FALSE(read.ok()) << name << " cut to " << size;
      EXPECT_NE(read.error().message.find("cut_" + name), std::string::npos);
    }
    Random random(1);
    for (int i = 0; i < 60; ++i) {
      auto broken = bytes;
      for (int k = 0; k < 4; ++k) {
        broken[random.below(broken.size())] = static_cast<char>(random.bits());
      }
      ASSERT_TRUE(write_file(path("broken_" + name), broken).ok());
      const auto read = read_table(path("broken_" + name));
      if (read.ok()) (void)read->digest();  // wherever it reads, it must do so within bounds
    }
  }
}

TEST_F(ReadTest, StreamsParquet) {
  const auto table = sample();
  {
    auto writer = ParquetWriter::open(path("t.parquet"));
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    for (size_t begin = 0; begin < kRows; begin += 300) {
      ASSERT_TRUE(writer->append(table.slice(begin, 300)).ok());
    }
    EXPECT_FALSE(std::filesystem::exists(path("t.parquet")));
    ASSERT_TRUE(writer->commit().ok());
  }
  auto reader = ParquetReader::open(path("t.parquet"), {"id"});
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader->n_rows(), kRows);
  EXPECT_EQ(reader->empty().names(), std::vector<std::string>{"id"});
  std::vector<int64_t> ids;
  for (const size_t n_wanted : {1u, 450u, 7u, 600u}) {
    const auto part = reader->next(n_wanted);
    ASSERT_TRUE(part.ok() && part->has_value());
    EXPECT_EQ((*part)->n_rows(), std::min(n_wanted, kRows - ids.size()));
    const auto column = (*part)->column("id").value();
    ids.insert(ids.end(), column.int64s().begin(), column.int64s().end());
  }
  EXPECT_EQ(ids, table.column("id")->int64s());
  EXPECT_FALSE(reader->next(1).value().has_value());
}

TEST_F(ReadTest, UncommittedFilesLeaveNothingBehind) {
  {
    auto writer = ParquetWriter::open(path("t.parquet")).value();
    ASSERT_TRUE(writer.append(sample()).ok());
    EXPECT_EQ(n_files(folder_.value().path()), 1u);
    const auto other = sample().select({"id"}).value();
    EXPECT_TRUE(writer.append(other).error().message.starts_with(
        "cannot append to a Parquet file of the columns [id: int64, name: string"));
  }
  EXPECT_EQ(n_files(folder_.value().path()), 0u);
  EXPECT_EQ(write_table(sample(), path("none/t.parquet")).error().code,
            Code::resource_does_not_exist);
}

TEST_F(ReadTest, AFailedWriteKeepsTheOldFile) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  for (const std::string name : {"t.parquet", "t.csv", "t.arrow"}) {
    ASSERT_TRUE(write_file(path(name), "old").ok());
    const rlimit tight{1000, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const auto written = write_table(sample(), path(name));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().message,
              fmt::format("cannot write '{}': File too large", path(name).string()));
    EXPECT_EQ(read_file(path(name)).value(), "old");
  }
  EXPECT_EQ(n_files(folder_.value().path()), 3u);
}

}  // namespace
}  // namespace slipway::data
