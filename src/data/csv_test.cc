#include "data/csv.h"

#include <gtest/gtest.h>
#include <zip.h>

#include "base/file.h"
#include "data/read.h"

namespace slipway::data {
namespace {

class CsvTest : public testing::Test {
 protected:
  std::filesystem::path write(std::string_view text, const std::string& name = "t.csv") {
    const auto path = folder_.value().path() / name;
    EXPECT_TRUE(write_file(path, text).ok());
    return path;
  }

  Table read(std::string_view text, const CsvOptions& options = {}) {
    auto table = read_csv(write(text), options);
    EXPECT_TRUE(table.ok()) << table.error().message;
    return table.ok() ? *table : Table();
  }

  /// The error's message with the folder's path cut out.
  std::string error(std::string_view text, const CsvOptions& options = {},
                    const std::string& name = "t.csv") {
    return error_of(write(text, name), options);
  }

  std::string error_of(const std::filesystem::path& path, const CsvOptions& options = {}) {
    const auto table = read_csv(path, options);
    if (table.ok()) return "no error";
    auto message = table.error().message;
    const auto folder = folder_.value().path().string() + "/";
    for (auto at = message.find(folder); at != std::string::npos; at = message.find(folder)) {
      message.erase(at, folder.size());
    }
    return message;
  }

  std::filesystem::path zip(const std::vector<std::pair<std::string, std::string>>& files) {
    const auto path = folder_.value().path() / "t.csv.zip";
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const auto& [name, text] : files) {
      zip_file_add(archive, name.c_str(), zip_source_buffer(archive, text.data(), text.size(), 0),
                   0);
    }
    EXPECT_EQ(zip_close(archive), 0);
    return path;
  }

  Result<TemporaryFolder> folder_ = TemporaryFolder::make();
};

std::string numbers_with(std::string_view last, int n_numbers) {
  std::string text = "id,age\n";
  for (int i = 0; i < n_numbers; ++i) text += fmt::format("{},{}\n", i, i * 2);
  return text + fmt::format("x,{}\n", last);
}

TEST_F(CsvTest, InfersTypesOverTheWholeFile) {
  const auto table = read(
      "whole,part,flag,day,time,text,none,clock\n"
      "1,2,true,2013-01-31,2013-01-31T05:00:00Z,a,NA,10:30\n"
      "NA,2.5,false,2013-02-01,2013-01-31T06:00:00Z,\"b, \"\"c\"\"\nd\",,11:00\n");
  std::string types;
  for (const auto& field : table.schema()) {
    types += fmt::format("{}={} ", field.name, field.type ? type_name(*field.type) : "?");
  }
  EXPECT_EQ(types,
            "whole=int64 part=float64 flag=boolean day=timestamp time=timestamp text=string "
            "none=float64 clock=string ");
  const auto batch = table.batch();
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  EXPECT_EQ(batch->find("whole")->n_missing(), 1u);
  EXPECT_EQ(batch->find("part")->number_at(1), 2.5);
  EXPECT_EQ(batch->find("text")->text_at(1), "b, \"c\"\nd");
  EXPECT_EQ(batch->find("day")->text_at(1), "2013-02-01T00:00:00Z");
  EXPECT_EQ(batch->find("time")->text_at(0), "2013-01-31T05:00:00Z");
  EXPECT_EQ(batch->find("none")->n_missing(), 2u);
  EXPECT_EQ(batch->find("clock")->text_at(0), "10:30");
}

TEST_F(CsvTest, TakesGivenTypesDelimiterAndMissingValues) {
  CsvOptions options;
  options.types = parse_types("id=string, x=float32,when=timestamp").value();
  options.delimiter = ';';
  options.na_values = {"-"};
  const auto batch =
      read("\xEF\xBB\xBFid;x;when\r\n007;1;-\r\n-;-;-\r\nNA;2;-\r\n", options).batch();
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  EXPECT_EQ(batch->find("id")->text_at(0), "007");
  EXPECT_EQ(batch->find("id")->n_missing(), 1u);
  EXPECT_EQ(batch->find("id")->text_at(2), "NA");
  EXPECT_EQ(batch->find("x")->type, Type::float32);
  EXPECT_EQ(batch->find("when")->type, Type::timestamp);
}

TEST_F(CsvTest, ReadsGzipAndZip) {
  // printf 'a\n1\n2\n' | gzip -n | od -An -tx1
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\xe4\x32"
      "\xe4\x32\xe2\x02\x00\x80\xc2\x7f\x70\x06\x00\x00\x00",
      26);
  auto table = read_csv(write(gzip, "t.csv.gz"));
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->column("a")->int64s(), (std::vector<int64_t>{1, 2}));
  EXPECT_NE(error(gzip.substr(0, gzip.size() - 6), {}, "t.csv.gz").find("t.csv.gz"),
            std::string::npos);
  EXPECT_NE(error("a\n1\n", {}, "t.csv.gz").find("t.csv.gz"), std::string::npos);

  table = read_csv(zip({{"__MACOSX/t.csv", "junk"}, {"read.me", "no"}, {"t.csv", "a\n3\n"}}));
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->column("a")->int64s(), std::vector<int64_t>{3});
  EXPECT_EQ(error_of(zip({{"folder/", ""}})), "'t.csv.zip' has no file inside");
}

TEST_F(CsvTest, DamagedZipIsAnError) {
  std::string text = "a,b\n";
  for (int i = 0; i < 5000; ++i) text += fmt::format("{},{}\n", i, i * 7919 % 1000);
  const auto bytes = read_file(zip({{"t.csv", text}})).value();
  EXPECT_EQ(error(bytes.substr(0, bytes.size() / 2), {}, "cut.zip"),
            "cannot read 'cut.zip' as a zip: Not a zip archive");
  auto broken = bytes;
  for (size_t i = 200; i < 220; ++i) broken[i] = static_cast<char>(~broken[i]);
  EXPECT_NE(error(broken, {}, "broken.zip").find("damaged zip"), std::string::npos);
}

TEST_F(CsvTest, NamesTheRaggedRow) {
  EXPECT_EQ(error("a,b\n1,2\n\n\"x\ny\",2\n3\n"), "t.csv line 6: 1 fields where the header has 2");
  EXPECT_EQ(error("a,b\r\n1,2\r\n1,2,3\r\n"), "t.csv line 3: 3 fields where the header has 2");
  EXPECT_EQ(error("a,b\n1,2\n1,\"2\n3,4\n"),
            "t.csv line 3: the quote that opens here is never closed");
}

TEST_F(CsvTest, NamesTheTextInANumericColumn) {
  CsvOptions options;
  options.types = {{"age", Type::float64}};
  constexpr auto kMessage =
      "t.csv line 4, column 'age': 'abc' is not a number; accepted: a number or one of \"\", NA, "
      "N/A, n/a, NaN, nan, …; or read the column as text with --types age=string";
  EXPECT_EQ(error("id,age\n1,2\n3,NA\n5,abc\n7,8\n", options), kMessage);
  options.types = {{"age", Type::int64}};
  EXPECT_TRUE(error("id,age\n1,2.5\n", options)
                  .starts_with(
                      "t.csv line 2, column 'age': '2.5' is not an integer; accepted: an integer"));
  options.types = {{"age", Type::boolean}};
  EXPECT_TRUE(
      error("id,age\n1,yes\n", options)
          .starts_with(
              "t.csv line 2, column 'age': 'yes' is not a boolean; accepted: true, false, 1, 0"));
  options.types = {{"age", Type::timestamp}};
  EXPECT_TRUE(error("id,age\n1,2013-01-31\n2,31.1.2013\n", options)
                  .starts_with("t.csv line 3, column 'age': '31.1.2013' is not a timestamp; "
                               "accepted: a timestamp such as"));
}

TEST_F(CsvTest, TakesAlmostNumericColumnsForMistakes) {
  EXPECT_TRUE(error(numbers_with("abc", 19))
                  .starts_with("t.csv line 21, column 'age': 'abc' is not a number"));
  EXPECT_EQ(error(numbers_with("abc", 18)), "no error");  // too few rows to tell
  CsvOptions options;
  options.types = {{"age", Type::string}, {"id", Type::string}};
  EXPECT_EQ(error(numbers_with("abc", 19), options), "no error");
}

TEST_F(CsvTest, RefusesBadHeaders) {
  EXPECT_EQ(error(""), "t.csv is empty; a CSV file begins with a line of column names");
  EXPECT_EQ(error("a,b\n"), "t.csv has column names but no rows");
  EXPECT_EQ(error("a,b,a\n1,2,3\n"), "t.csv line 1: columns 1 and 3 are both named 'a'");
  EXPECT_EQ(error(",b\n1,2\n"), "t.csv line 1: column 1 of 2 has no name");
  EXPECT_TRUE(error(std::string("\x89PNG\r\n\x1a\n\0\0", 10))
                  .starts_with("t.csv does not begin with a line of UTF-8 text"));
  EXPECT_TRUE(error("a,b\n1,x\n2,caf\xE9\n")
                  .starts_with(
                      "t.csv line 3, column 'b': 'caf\xE9' is not UTF-8; accepted: text in UTF-8"));
  CsvOptions options;
  options.types = {{"c", Type::string}};
  EXPECT_EQ(error("a,b\n1,2\n", options),
            "t.csv has no column 'c' to read as string; there are: a, b");
  EXPECT_EQ(error_of(folder_.value().path() / "none.csv"),
            "cannot read 'none.csv': No such file or directory");
}

TEST_F(CsvTest, RefusesBadTypes) {
  EXPECT_EQ(parse_types("a=strin").error().message,
            "'strin' is not a column type; accepted: boolean, int64, float32, float64, string, "
            "binary, timestamp");
  EXPECT_EQ(parse_types("a").error().message,
            "'a' is not of the form column=type, such as age=float64");
}

TEST_F(CsvTest, RowsMayBeLargerThanABlock) {
  const std::string huge(5 << 20, 'x');
  const auto table = read("a,b\n1," + huge + "\n2,y\n");
  EXPECT_EQ(table.n_rows(), 2u);
  EXPECT_EQ(table.column("b")->strings()[0].size(), huge.size());
}

}  // namespace
}  // namespace slipway::data
