// Batches as bytes: what is written comes back; what strangers send is read or refused in bounds.
#include "data/bytes.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/api.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include "base/random.h"

namespace slipway::data {
namespace {

Batch sample() {
  Column flag{"flag", Type::boolean, std::vector<uint8_t>{1, 0}, {1, 0}};
  Column image{"image", Type::float32, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, {}, {2, 2}};
  return {{int64_column("id", {1, 2}), string_column("name", {"é", ""}), flag, image}, 2};
}

std::shared_ptr<arrow::Table> table_of(const std::shared_ptr<arrow::Array>& values) {
  return arrow::Table::Make(arrow::schema({arrow::field("x", values->type())}), {values});
}

std::string ipc_of(const std::shared_ptr<arrow::Table>& table) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto writer = arrow::ipc::MakeFileWriter(sink, table->schema()).ValueOrDie();
  EXPECT_TRUE(writer->WriteTable(*table).ok());
  EXPECT_TRUE(writer->Close().ok());
  return sink->Finish().ValueOrDie()->ToString();
}

std::string parquet_of(const std::shared_ptr<arrow::Table>& table) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink).ok());
  return sink->Finish().ValueOrDie()->ToString();
}

std::shared_ptr<arrow::Array> lists(const std::vector<std::vector<double>>& rows) {
  auto values = std::make_shared<arrow::DoubleBuilder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), values);
  for (const auto& row : rows) {
    EXPECT_TRUE(builder.Append().ok() && values->AppendValues(row).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::string refusal(const Result<Batch>& read) { return read.ok() ? "read" : read.error().message; }

TEST(BytesTest, GivesBackWhatWasWritten) {
  const auto bytes = write_ipc(sample());
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  const auto batch = read_ipc(*bytes);
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  ASSERT_EQ(batch->columns.size(), 4u);
  EXPECT_EQ(batch->n_rows, 2u);
  EXPECT_EQ(batch->find("id")->int64s(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(batch->find("name")->text_at(0), "é");
  EXPECT_EQ(batch->find("flag")->text_at(1), "null");
  EXPECT_EQ(batch->find("image")->shape, (std::vector<size_t>{2, 2}));
  EXPECT_EQ(batch->find("image")->float32s()[7], 8);
}

TEST(BytesTest, ReadsListsAsTensors) {
  const auto table = table_of(lists({{1, 2, 3}, {4, 5, 6}}));
  for (const auto& batch : {read_ipc(ipc_of(table)), read_parquet_bytes(parquet_of(table))}) {
    ASSERT_TRUE(batch.ok()) << batch.error().message;
    EXPECT_EQ(batch->columns[0].shape, (std::vector<size_t>{3}));
    EXPECT_EQ(batch->columns[0].float64s(), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  }
  EXPECT_EQ(refusal(read_ipc(ipc_of(table_of(lists({{1, 2}, {3}}))))),
            "column 'x': row 1 is a list of 1 where the first has 2; accepted: lists of one "
            "length, not empty");
}

TEST(BytesTest, RefusesWhatUnpacksToTooMuch) {
  // a column of nulls has no bytes at all
  const auto nulls = std::make_shared<arrow::NullArray>(int64_t{1} << 30);
  EXPECT_EQ(refusal(read_ipc(ipc_of(table_of(nulls)))),
            "1073741824 rows of 1 columns are more than can be taken");
  // one long text that every row points to
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.Append(std::string(1 << 20, 'x')).ok());
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto zeros = arrow::MakeArrayFromScalar(arrow::Int8Scalar(0), 1 << 20).ValueOrDie();
  const auto shared =
      std::make_shared<arrow::DictionaryArray>(type, zeros, texts.Finish().ValueOrDie());
  EXPECT_EQ(refusal(read_ipc(ipc_of(table_of(shared)))),
            "column 'x': its texts take more than 512 MB");
  // runs of one value are a few bytes of Parquet
  const auto run = arrow::MakeArrayFromScalar(arrow::DoubleScalar(1), 80 << 20).ValueOrDie();
  EXPECT_EQ(refusal(read_parquet_bytes(parquet_of(table_of(run)))),
            "Parquet: takes more than 512 MB unpacked");
}

TEST(BytesTest, DamagedBytesAreErrors) {
  EXPECT_FALSE(read_ipc("").ok());
  EXPECT_FALSE(read_parquet_bytes("PAR1PAR1").ok());
  const auto table = table_of(lists({{1, 2, 3}, {4, 5, 6}}));
  Random random(7);
  for (auto bytes : {ipc_of(table), parquet_of(table), write_ipc(sample()).value()}) {
    const bool is_parquet = bytes.starts_with("PAR1");
    for (int round = 0; round < 2000; ++round) {
      auto damaged = bytes;
      for (int i = 0; i < 3; ++i) {
        damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      }
      const auto batch = is_parquet ? read_parquet_bytes(damaged) : read_ipc(damaged);
      if (!batch.ok()) continue;
      for (const auto& column : batch->columns) EXPECT_EQ(column.size(), batch->n_rows);
    }
  }
}

}  // namespace
}  // namespace slipway::data
