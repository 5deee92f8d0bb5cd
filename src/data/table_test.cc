#include "data/table.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace slipway::data {
namespace {

Batch sample() {
  Column flag{"flag", Type::boolean, std::vector<uint8_t>{1, 0, 1}, {1, 1, 0}};
  Column small{"small", Type::float32, std::vector<float>{0.5f, 1.5f, 0}, {1, 1, 0}};
  Column when{"when", Type::timestamp, std::vector<int64_t>{0, -1, 1'500'000}, {}};
  Column number = float64_column("number", {1.5, -2, 1e300});
  number.valid = {1, 0, 1};
  return {{int64_column("id", {1, 2, 3}), string_column("name", {"a", "", "é"}), flag, small, when,
           number},
          3};
}

Table one_column(const std::string& name, const std::shared_ptr<arrow::Array>& values) {
  return Table(arrow::Table::Make(arrow::schema({arrow::field(name, values->type())}), {values}));
}

std::shared_ptr<arrow::Array> as(const std::shared_ptr<arrow::Array>& from,
                                 const std::shared_ptr<arrow::DataType>& type) {
  auto cast = arrow::compute::Cast(arrow::Datum(from), type);
  EXPECT_TRUE(cast.ok()) << cast.status().ToString();
  return cast->make_array();
}

std::shared_ptr<arrow::Array> integers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

TEST(TableTest, GivesBackWhatItWasMadeFrom) {
  const auto table = Table::from_batch(sample());
  ASSERT_TRUE(table.ok()) << table.error().message;
  const auto batch = table->batch();
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  ASSERT_EQ(batch->columns.size(), 6u);
  EXPECT_EQ(batch->find("id")->int64s(), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(batch->find("name")->text_at(2), "é");
  EXPECT_EQ(batch->find("flag")->text_at(1), "false");
  EXPECT_EQ(batch->find("flag")->text_at(2), "null");
  EXPECT_EQ(batch->find("small")->number_at(1), 1.5);
  EXPECT_EQ(batch->find("when")->text_at(1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(batch->find("when")->text_at(2), "1970-01-01T00:00:01.500000Z");
  EXPECT_TRUE(std::isnan(batch->find("number")->float64s()[1]));
  EXPECT_EQ(table->column("nine").error().message,
            "no column 'nine'; there are: id, name, flag, small, when, number");
}

TEST(TimestampTest, ReadsIso8601) {
  const auto text = [](std::string_view from) {
    const auto time = timestamp_from_text(from);
    return time ? timestamp_text(*time) : "none";
  };
  EXPECT_EQ(text("2013-01-31"), "2013-01-31T00:00:00Z");
  EXPECT_EQ(text("2013-01-31T05:06"), "2013-01-31T05:06:00Z");
  EXPECT_EQ(text("2013-01-31 05:06:07.25"), "2013-01-31T05:06:07.250000Z");
  EXPECT_EQ(text("2013-01-31T05:06:07.123456789Z"), "2013-01-31T05:06:07.123456Z");
  EXPECT_EQ(text("2013-01-31T05:06:07+02:30"), "2013-01-31T02:36:07Z");
  EXPECT_EQ(text("1969-12-31T23:59:59-0100"), "1970-01-01T00:59:59Z");
  for (const auto* none : {"", "2013", "2013-02-30", "2013-13-01", "2013-01-31T",
                           "2013-01-31T24:00", "2013-01-31T05:06:07.", "2013-01-31T05:06:07+",
                           "31.1.2013", "2013-01-31 05:06:07 UTC", "2013-01-31x05:06"}) {
    EXPECT_EQ(text(none), "none") << none;
  }
}

TEST(TableTest, ConvertsOtherTypes) {
  const auto numbers = integers({1, 2, 200});
  for (const auto& type :
       {arrow::uint8(), arrow::int16(), arrow::int32(), arrow::uint32(), arrow::uint64()}) {
    const auto column = one_column("x", as(numbers, type)).column("x");
    ASSERT_TRUE(column.ok()) << column.error().message;
    EXPECT_EQ(column->int64s(), (std::vector<int64_t>{1, 2, 200})) << type->ToString();
  }
  EXPECT_EQ(one_column("x", as(numbers, arrow::decimal128(20, 1))).column("x")->float64s(),
            (std::vector<double>{1, 2, 200}));
  EXPECT_EQ(
      one_column("x", as(as(numbers, arrow::int32()), arrow::date32())).column("x")->text_at(2),
      "1970-07-20T00:00:00Z");
  EXPECT_EQ(one_column("x", as(numbers, arrow::timestamp(arrow::TimeUnit::MILLI)))
                .column("x")
                ->int64s()[2],
            200'000);
  const auto names = as(numbers, arrow::utf8());
  const auto dictionary = as(names, arrow::dictionary(arrow::int8(), arrow::utf8()));
  for (const auto& strings : {names, as(names, arrow::large_utf8()), dictionary}) {
    const auto column = one_column("x", strings).column("x");
    ASSERT_TRUE(column.ok()) << column.error().message;
    EXPECT_EQ(column->text_at(2), "200");
  }
}

TEST(TableTest, RefusesTypesThatHaveNoPlace) {
  const auto times = as(as(integers({1}), arrow::int32()), arrow::time32(arrow::TimeUnit::SECOND));
  EXPECT_TRUE(
      one_column("t", times)
          .column("t")
          .error()
          .message.starts_with(
              "column 't' is time32[s], which cannot be read here; accepted: boolean, integers"));
  EXPECT_FALSE(one_column("t", times).schema()[0].type.has_value());

  arrow::UInt64Builder builder;
  ASSERT_TRUE(builder.Append(std::numeric_limits<uint64_t>::max()).ok());
  const auto large = builder.Finish().ValueOrDie();
  EXPECT_TRUE(one_column("u", large)
                  .column("u")
                  .error()
                  .message.starts_with(
                      "column 'u' (uint64): Integer value 18446744073709551615 not in range"));
}

TEST(TableTest, DigestIsOfTheContent) {
  const auto table = Table::from_batch(sample()).value();
  const auto digest = table.digest().value();
  EXPECT_EQ(digest.size(), 16u);
  EXPECT_EQ(Table::from_batch(sample()).value().digest().value(), digest);
  const auto chunked =
      arrow::ConcatenateTables({table.slice(0, 1).arrow(), table.slice(1, 2).arrow()});
  ASSERT_TRUE(chunked.ok());
  EXPECT_EQ(Table(*chunked).digest().value(), digest);

  auto other = sample();
  other.columns[1] = string_column("name", {"a", "é", ""});
  EXPECT_NE(Table::from_batch(other).value().digest().value(), digest);
  other = sample();
  other.columns[0].name = "key";
  EXPECT_NE(Table::from_batch(other).value().digest().value(), digest);
  other = sample();
  other.columns[5].valid = {1, 1, 1};
  EXPECT_NE(Table::from_batch(other).value().digest().value(), digest);
}

TEST(TableTest, CutsAndAdds) {
  const auto table = Table::from_batch(sample()).value();
  EXPECT_EQ(table.slice(1, 9).column("id")->int64s(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(table.slice(7, 1).n_rows(), 0u);
  EXPECT_EQ(table.take({2, 0, 2}).value().column("id")->int64s(), (std::vector<int64_t>{3, 1, 3}));
  EXPECT_FALSE(table.take({3}).ok());
  EXPECT_EQ(table.select({"name", "id"}).value().names(), (std::vector<std::string>{"name", "id"}));
  EXPECT_FALSE(table.select({"nine"}).ok());
  const Batch scores{{float64_column("score", {0.1, 0.2, 0.3})}, 3};
  EXPECT_EQ(table.with_columns(scores).value().names().back(), "score");
  EXPECT_EQ(table.with_columns({{int64_column("id", {1, 2, 3})}, 3}).error().message,
            "there are two columns 'id'");
  EXPECT_EQ(table.with_columns({{int64_column("x", {1})}, 1}).error().message,
            "column 'x' has 1 rows where the table has 3");
}

}  // namespace
}  // namespace slipway::data
