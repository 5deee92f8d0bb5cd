#include "data/parquet.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/util/thread_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <exception>
#include <utility>

#include "base/text.h"
#include "data/arrow_status.h"
#include "data/part_file.h"

namespace slipway::data {
namespace {

constexpr int64_t kRowGroupRows = 1 << 18;
constexpr int64_t kBatchRows = 1 << 16;

// Parquet's C++ library throws on some damaged files where its Arrow layer does not catch.
template <typename Call>
auto without_exceptions(std::string_view doing, const std::filesystem::path& path, Call&& call)
    -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    return fail(Code::invalid_parameter_value, "cannot {} '{}': {}", doing, path.string(),
                thrown.what());
  }
}

template <typename T>
Result<T> read_value(arrow::Result<T> result, const std::filesystem::path& path) {
  if (!result.ok()) return arrow_file_error(result.status(), "read", path);
  return std::move(result).ValueUnsafe();
}

void add_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.column_index >= 0) leaves.push_back(field.column_index);
  for (const auto& child : field.children) add_leaves(child, leaves);
}

// Numbers of the Parquet columns that make up the named columns; a nested one is several.
Result<std::vector<int>> leaves_of(const parquet::arrow::SchemaManifest& manifest,
                                   const std::vector<std::string>& columns,
                                   const std::filesystem::path& path) {
  std::vector<int> leaves;
  if (columns.empty()) {
    for (const auto& field : manifest.schema_fields) add_leaves(field, leaves);
  }
  for (const auto& column : columns) {
    const size_t before = leaves.size();
    std::vector<std::string> names;
    for (const auto& field : manifest.schema_fields) {
      names.push_back(field.field->name());
      if (names.back() == column) add_leaves(field, leaves);
    }
    if (leaves.size() == before) {
      return fail(Code::invalid_parameter_value, "'{}' has no column '{}'; there are: {}",
                  path.string(), column, join(names, ", "));
    }
  }
  return leaves;
}

// Parquet gives columns in the file's order.
Result<Table> in_order(const Table& table, const std::vector<std::string>& columns) {
  if (columns.empty()) return table;
  return table.select(columns);
}

std::vector<int> all_row_groups(const parquet::arrow::FileReader& reader) {
  std::vector<int> groups(static_cast<size_t>(reader.num_row_groups()));
  for (size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int>(i);
  return groups;
}

Result<std::unique_ptr<parquet::arrow::FileReader>> open_reader(const std::filesystem::path& path) {
  auto file = TRY(read_value(arrow::io::ReadableFile::Open(path.string()), path));
  parquet::arrow::FileReaderBuilder builder;
  if (const auto opened = builder.Open(std::move(file)); !opened.ok()) {
    return arrow_file_error(opened, "read", path);
  }
  parquet::ArrowReaderProperties properties(/*use_threads=*/true);
  properties.set_batch_size(kBatchRows);
  properties.set_pre_buffer(false);
  builder.properties(properties);
  return read_value(builder.Build(), path);
}

}  // namespace

struct ParquetReader::State {
  std::filesystem::path path;
  std::vector<std::string> columns;
  std::unique_ptr<parquet::arrow::FileReader> file;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  size_t n_rows = 0;
  Table empty;
  std::vector<std::shared_ptr<arrow::RecordBatch>> pending;  // read, not given yet
  int64_t n_pending = 0;
};

ParquetReader::ParquetReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParquetReader::ParquetReader(ParquetReader&&) noexcept = default;
ParquetReader& ParquetReader::operator=(ParquetReader&&) noexcept = default;
ParquetReader::~ParquetReader() = default;

Result<ParquetReader> ParquetReader::open(const std::filesystem::path& path,
                                          const std::vector<std::string>& columns) {
  return without_exceptions("read", path, [&]() -> Result<ParquetReader> {
    auto state = std::make_unique<State>();
    state->path = path;
    state->columns = columns;
    state->file = TRY(open_reader(path));
    const auto leaves = TRY(leaves_of(state->file->manifest(), columns, path));
    state->n_rows = static_cast<size_t>(state->file->parquet_reader()->metadata()->num_rows());
    state->batches = TRY(
        read_value(state->file->GetRecordBatchReader(all_row_groups(*state->file), leaves), path));
    auto empty = TRY(read_value(arrow::Table::MakeEmpty(state->batches->schema()), path));
    state->empty = TRY(in_order(Table(std::move(empty)), columns));
    return ParquetReader(std::move(state));
  });
}

size_t ParquetReader::n_rows() const { return state_->n_rows; }

const Table& ParquetReader::empty() const { return state_->empty; }

Result<std::optional<Table>> ParquetReader::next(size_t n_rows) {
  return without_exceptions("read", state_->path, [&]() -> Result<std::optional<Table>> {
    auto& state = *state_;
    const auto wanted = static_cast<int64_t>(n_rows);
    while (state.n_pending < wanted) {
      std::shared_ptr<arrow::RecordBatch> batch;
      if (const auto read = state.batches->ReadNext(&batch); !read.ok()) {
        return arrow_file_error(read, "read", state.path);
      }
      if (!batch) break;
      if (const auto valid = batch->Validate(); !valid.ok()) {
        return arrow_file_error(valid, "read", state.path);
      }
      state.n_pending += batch->num_rows();
      state.pending.push_back(std::move(batch));
    }
    if (state.n_pending == 0) return std::optional<Table>();
    auto read = TRY(read_value(
        arrow::Table::FromRecordBatches(state.batches->schema(), state.pending), state.path));
    const Table all(std::move(read));
    const auto given = all.slice(0, n_rows);
    state.n_pending -= static_cast<int64_t>(given.n_rows());
    // what is left lies in the last batch, as the loop stops at the first that suffices
    auto last = state.pending.back();
    state.pending.clear();
    if (state.n_pending > 0) {
      state.pending.push_back(last->Slice(last->num_rows() - state.n_pending));
    }
    auto ordered = TRY(in_order(given, state.columns));
    return std::optional<Table>(std::move(ordered));
  });
}

Result<Table> read_parquet(const std::filesystem::path& path,
                           const std::vector<std::string>& columns) {
  return without_exceptions("read", path, [&]() -> Result<Table> {
    const auto file = TRY(open_reader(path));
    const auto leaves = TRY(leaves_of(file->manifest(), columns, path));
    auto table = TRY(read_value(file->ReadTable(leaves), path));
    if (const auto valid = table->Validate(); !valid.ok()) {
      return arrow_file_error(valid, "read", path);
    }
    return in_order(Table(std::move(table)), columns);
  });
}

struct ParquetWriter::State {
  std::filesystem::path path;
  PartFile file;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
};

ParquetWriter::ParquetWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParquetWriter::ParquetWriter(ParquetWriter&&) noexcept = default;
ParquetWriter& ParquetWriter::operator=(ParquetWriter&&) noexcept = default;
ParquetWriter::~ParquetWriter() = default;

Result<ParquetWriter> ParquetWriter::open(const std::filesystem::path& path) {
  auto file = TRY(PartFile::open(path));
  return ParquetWriter(std::make_unique<State>(State{path, std::move(file), nullptr}));
}

Result<void> ParquetWriter::append(const Table& table) {
  auto& state = *state_;
  return without_exceptions("write", state.path, [&]() -> Result<void> {
    if (!state.writer) {
      const auto properties = parquet::WriterProperties::Builder()
                                  .compression(arrow::Compression::ZSTD)
                                  ->max_row_group_length(kRowGroupRows)
                                  ->build();
      // Arrow's schema goes along, so that types such as large strings come back as they were
      const auto arrow_properties =
          parquet::ArrowWriterProperties::Builder().store_schema()->set_use_threads(true)->build();
      auto writer =
          parquet::arrow::FileWriter::Open(*table.arrow()->schema(), arrow::default_memory_pool(),
                                           state.file.stream(), properties, arrow_properties);
      if (!writer.ok()) return state.file.error(writer.status());
      state.writer = std::move(writer).ValueUnsafe();
    }
    if (!table.arrow()->schema()->Equals(*state.writer->schema(), /*check_metadata=*/false)) {
      return fail(Code::invalid_parameter_value,
                  "cannot append to a Parquet file of the columns [{}] a table of the columns [{}]",
                  join(split(state.writer->schema()->ToString(), '\n'), ", "),
                  join(split(table.arrow()->schema()->ToString(), '\n'), ", "));
    }
    const auto written = state.writer->WriteTable(*table.arrow(), kRowGroupRows);
    if (!written.ok()) return state.file.error(written);
    return {};
  });
}

Result<void> ParquetWriter::commit() {
  auto& state = *state_;
  return without_exceptions("write", state.path, [&]() -> Result<void> {
    check(state.writer != nullptr, "ParquetWriter::commit() needs an append() before it");
    if (const auto closed = state.writer->Close(); !closed.ok()) return state.file.error(closed);
    state.writer.reset();
    return state.file.commit();
  });
}

Result<void> write_parquet(const Table& table, const std::filesystem::path& path) {
  auto writer = TRY(ParquetWriter::open(path));
  TRY(writer.append(table));
  return writer.commit();
}

}  // namespace slipway::data
