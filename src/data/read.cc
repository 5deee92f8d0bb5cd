#include "data/read.h"

#include <arrow/api.h>
#include <arrow/csv/writer.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>

#include <utility>

#include "base/text.h"
#include "data/arrow_status.h"
#include "data/convert.h"
#include "data/parquet.h"
#include "data/part_file.h"

namespace slipway::data {
namespace {

enum class Format { csv, csv_zip, parquet, arrow, unknown };

Format format_of(const std::filesystem::path& path) {
  const auto name = lower(path.filename().string());
  if (name.ends_with(".csv")) return Format::csv;
  if (name.ends_with(".csv.gz") || name.ends_with(".zip")) return Format::csv_zip;
  if (name.ends_with(".parquet")) return Format::parquet;
  if (name.ends_with(".arrow") || name.ends_with(".feather")) return Format::arrow;
  return Format::unknown;
}

arrow::Result<std::shared_ptr<arrow::Table>> arrow_table(const std::filesystem::path& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path.string()));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(file));
  arrow::RecordBatchVector batches;
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(i));
    // the format's offsets are bytes of the file: unchecked ones would be read outside the buffer
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(reader->schema(), batches);
}

Result<Table> read_arrow(const std::filesystem::path& path) {
  auto table = arrow_table(path);
  if (!table.ok()) return arrow_file_error(table.status(), "read", path);
  return Table(std::move(table).ValueUnsafe());
}

arrow::Status write_ipc(const arrow::Table& table, arrow::io::OutputStream* out) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  ARROW_ASSIGN_OR_RAISE(options.codec, arrow::util::Codec::Create(arrow::Compression::ZSTD));
  ARROW_ASSIGN_OR_RAISE(const auto writer,
                        arrow::ipc::MakeFileWriter(out, table.schema(), options));
  ARROW_RETURN_NOT_OK(writer->WriteTable(table));
  return writer->Close();
}

Result<void> write_arrow(const Table& table, const std::filesystem::path& path) {
  auto file = TRY(PartFile::open(path));
  const auto status = write_ipc(*table.arrow(), file.stream().get());
  if (!status.ok()) return file.error(status);
  return file.commit();
}

Result<void> write_csv(const Table& table, const std::filesystem::path& path) {
  // a CSV has no dictionaries, halves and the like: it is written from our plain types
  const auto batch = TRY(table.batch());
  const auto plain = TRY(Table::from_batch(batch));
  auto file = TRY(PartFile::open(path));
  const auto status = arrow::csv::WriteCSV(*plain.arrow(), arrow::csv::WriteOptions::Defaults(),
                                           file.stream().get());
  if (!status.ok()) return file.error(status);
  return file.commit();
}

}  // namespace

Result<Table> read_table(const std::filesystem::path& path, const ReadOptions& options) {
  switch (format_of(path)) {
    case Format::parquet: return read_parquet(path, options.columns);
    case Format::csv:
    case Format::csv_zip: {
      const auto table = TRY(read_csv(path, options.csv));
      if (options.columns.empty()) return table;
      return table.select(options.columns);
    }
    case Format::arrow: {
      const auto table = TRY(read_arrow(path));
      if (options.columns.empty()) return table;
      return table.select(options.columns);
    }
    case Format::unknown: break;
  }
  return fail(Code::invalid_parameter_value,
              "cannot tell what '{}' holds by its name; accepted: .csv, .csv.gz, .csv.zip, .zip, "
              ".parquet, .arrow, .feather",
              path.string());
}

Result<void> write_table(const Table& table, const std::filesystem::path& path) {
  const auto format = format_of(path);
  if (format == Format::parquet) return write_parquet(table, path);
  if (format != Format::csv && format != Format::arrow) {
    return fail(Code::invalid_parameter_value,
                "cannot write '{}'; accepted endings: .parquet, .csv, .arrow, .feather",
                path.string());
  }
  if (format == Format::arrow) return write_arrow(table, path);
  return write_csv(table, path);
}

}  // namespace slipway::data
