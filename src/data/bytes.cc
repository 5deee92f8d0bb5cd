#include "data/bytes.h"

#include <arrow/api.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/api.h>
#include <arrow/memory_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <optional>
#include <set>

#include "data/arrow_status.h"
#include "data/convert.h"

namespace slipway::data {
namespace {

using Chunks = std::shared_ptr<arrow::ChunkedArray>;

/// Values that may be copied out of one table: what takes no bytes there, such as a column of
/// nulls, takes some here.
constexpr uint64_t kMaxValues = kMaxUnpackedBytes / sizeof(double);

/// Say which column it is about.
Error uneven(const std::string& name, std::string_view why) {
  return fail(Code::invalid_parameter_value, "column '{}': {}", name, why);
}

/// Give the one length that all lists of `array` have, and the values in them.
/// A list of another length, or none at all, has no place in a tensor.
template <typename List>
Result<std::shared_ptr<arrow::Array>> unpacked(const std::string& name, const arrow::Array& array,
                                               std::optional<size_t>& length) {
  const auto& lists = static_cast<const List&>(array);
  for (int64_t i = 0; i < lists.length(); ++i) {
    if (lists.IsNull(i)) return uneven(name, fmt::format("row {} is a missing list", i));
    const auto n = static_cast<size_t>(lists.value_length(i));
    if (!length) length = n;
    if (n != *length || n == 0) {
      return uneven(name, fmt::format("row {} is a list of {} where the first has {}; accepted: "
                                      "lists of one length, not empty",
                                      i, n, *length));
    }
  }
  return taken_from(lists.Flatten(), fmt::format("column '{}'", name));
}

Result<std::shared_ptr<arrow::Array>> unpacked(const std::string& name, const arrow::Array& array,
                                               std::optional<size_t>& length) {
  switch (array.type_id()) {
    case arrow::Type::LIST: return unpacked<arrow::ListArray>(name, array, length);
    case arrow::Type::LARGE_LIST: return unpacked<arrow::LargeListArray>(name, array, length);
    default: return unpacked<arrow::FixedSizeListArray>(name, array, length);
  }
}

bool is_list(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
         type.id() == arrow::Type::FIXED_SIZE_LIST;
}

/// Arrow's own extension types are read as what they are stored in.
Result<Chunks> storage_of(const std::string& name, const Chunks& values) {
  const auto& type = static_cast<const arrow::ExtensionType&>(*values->type());
  arrow::ArrayVector arrays;
  for (const auto& chunk : values->chunks()) {
    arrays.push_back(static_cast<const arrow::ExtensionArray&>(*chunk).storage());
  }
  return taken_from(arrow::ChunkedArray::Make(std::move(arrays), type.storage_type()),
                    fmt::format("column '{}'", name));
}

/// Count the bytes of texts, each as often as a row shows it.
template <typename Array, typename Length>
uint64_t text_bytes(const Chunks& values, Length&& length) {
  uint64_t n_bytes = 0;
  for (const auto& chunk : values->chunks()) {
    const auto& array = static_cast<const Array&>(*chunk);
    for (int64_t i = 0; i < array.length(); ++i) {
      if (array.IsValid(i)) n_bytes += static_cast<uint64_t>(length(array, i));
    }
  }
  return n_bytes;
}

/// Refuse a column in which many rows share one long text: each gets its own copy.
Result<void> check_shared_texts(const std::string& name, const Chunks& values) {
  uint64_t n_bytes = 0;
  if (values->type()->id() == arrow::Type::DICTIONARY) {
    n_bytes = text_bytes<arrow::DictionaryArray>(values, [](const auto& array, int64_t i) {
      const auto dictionary = array.dictionary();
      const int64_t at = array.GetValueIndex(i);
      switch (dictionary->type_id()) {
        case arrow::Type::STRING:
        case arrow::Type::BINARY:
          return int64_t{static_cast<const arrow::BinaryArray&>(*dictionary).value_length(at)};
        case arrow::Type::LARGE_STRING:
        case arrow::Type::LARGE_BINARY:
          return static_cast<const arrow::LargeBinaryArray&>(*dictionary).value_length(at);
        default: return int64_t{sizeof(double)};
      }
    });
  } else if (values->type()->id() == arrow::Type::STRING_VIEW ||
             values->type()->id() == arrow::Type::BINARY_VIEW) {
    n_bytes = text_bytes<arrow::BinaryViewArray>(
        values, [](const auto& array, int64_t i) { return array.GetView(i).size(); });
  }
  if (n_bytes <= static_cast<uint64_t>(kMaxUnpackedBytes)) return {};
  return uneven(name, fmt::format("its texts take more than {} MB", kMaxUnpackedBytes >> 20));
}

Result<Column> column_of(const std::string& name, Chunks values) {
  std::vector<size_t> shape;
  if (values->type()->id() == arrow::Type::EXTENSION) {
    const auto& type = static_cast<const arrow::ExtensionType&>(*values->type());
    if (type.extension_name() == "arrow.fixed_shape_tensor") {
      const auto& tensor = static_cast<const arrow::extension::FixedShapeTensorType&>(type);
      if (!std::ranges::is_sorted(tensor.permutation())) {
        return uneven(name, "a permuted tensor is not read; send it row-major");
      }
      for (const int64_t size : tensor.shape()) shape.push_back(static_cast<size_t>(size));
    }
    values = TRY(storage_of(name, values));
  }
  std::vector<size_t> lengths;
  while (is_list(*values->type()) && values->length() > 0) {
    std::optional<size_t> length;
    arrow::ArrayVector inner;
    for (const auto& chunk : values->chunks()) {
      auto array = TRY(unpacked(name, *chunk, length));
      inner.push_back(std::move(array));
    }
    lengths.push_back(length.value_or(1));
    values = TRY(taken_from(arrow::ChunkedArray::Make(std::move(inner)), name));
    if (static_cast<uint64_t>(values->length()) > kMaxValues) {
      return uneven(name, fmt::format("{} values are more than can be taken", values->length()));
    }
  }
  TRY(check_shared_texts(name, values));
  auto column = TRY(column_from_arrow(name, values));
  column.shape = shape.empty() ? std::move(lengths) : std::move(shape);
  if (!column.shape.empty() && column.n_missing() > 0) {
    return uneven(name, "a missing value within a list");
  }
  return column;
}

/// pandas keeps a frame's index in columns of its own.
bool is_index(std::string_view name) {
  return name.starts_with("__index_level_") && name.ends_with("__");
}

Result<Batch> batch_of(const arrow::Table& table) {
  Batch out;
  out.n_rows = static_cast<size_t>(table.num_rows());
  const auto n_columns = static_cast<uint64_t>(std::max(table.num_columns(), 1));
  if (out.n_rows > kMaxValues / n_columns) {
    return fail(Code::invalid_parameter_value, "{} rows of {} columns are more than can be taken",
                out.n_rows, table.num_columns());
  }
  std::set<std::string> names;
  for (int i = 0; i < table.num_columns(); ++i) {
    const auto& name = table.field(i)->name();
    if (is_index(name)) continue;
    if (!names.insert(name).second) return uneven(name, "is there twice");
    auto column = TRY(column_of(name, table.column(i)));
    check(column.size() == out.n_rows, "a table's columns are of one length");
    out.columns.push_back(std::move(column));
  }
  return out;
}

std::shared_ptr<arrow::io::BufferReader> reader_of(std::string_view bytes) {
  return std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(bytes));
}

arrow::Result<std::shared_ptr<arrow::Table>> ipc_table(std::string_view bytes,
                                                       arrow::MemoryPool* pool) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;  // of any bytes
  arrow::RecordBatchVector batches;
  std::shared_ptr<arrow::Schema> schema;
  if (bytes.starts_with("ARROW1")) {
    ARROW_ASSIGN_OR_RAISE(auto file,
                          arrow::ipc::RecordBatchFileReader::Open(reader_of(bytes), options));
    schema = file->schema();
    for (int i = 0; i < file->num_record_batches(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto batch, file->ReadRecordBatch(i));
      batches.push_back(std::move(batch));
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(auto stream,
                          arrow::ipc::RecordBatchStreamReader::Open(reader_of(bytes), options));
    schema = stream->schema();
    ARROW_ASSIGN_OR_RAISE(batches, stream->ToRecordBatches());
  }
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(batch->ValidateFull());
  return arrow::Table::FromRecordBatches(schema, batches);
}

arrow::Result<std::shared_ptr<arrow::Table>> parquet_table(std::string_view bytes,
                                                           arrow::MemoryPool* pool) {
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(reader_of(bytes), parquet::ReaderProperties(pool)));
  builder.memory_pool(pool);
  builder.properties(parquet::ArrowReaderProperties(/*use_threads=*/false));
  ARROW_ASSIGN_OR_RAISE(auto file, builder.Build());
  ARROW_ASSIGN_OR_RAISE(auto table, file->ReadTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table;
}

template <typename Read>
Result<Batch> read_capped(std::string_view what, Read&& read) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), kMaxUnpackedBytes);
  try {
    auto table = read(&pool);
    if (table.status().IsOutOfMemory()) {
      return fail(Code::invalid_parameter_value, "{}: takes more than {} MB unpacked", what,
                  kMaxUnpackedBytes >> 20);
    }
    if (!table.ok()) return arrow_error(table.status(), what);
    return batch_of(**table);
  } catch (const std::exception& thrown) {  // Parquet's, of some damaged files
    return fail(Code::invalid_parameter_value, "{}: {}", what, thrown.what());
  }
}

arrow::Result<std::string> ipc_bytes(const arrow::Table& table) {
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, table.schema()));
  ARROW_RETURN_NOT_OK(writer->WriteTable(table));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_ASSIGN_OR_RAISE(const auto buffer, sink->Finish());
  return buffer->ToString();
}

/// The column's values, as rows of a fixed shape.
arrow::Result<Chunks> shaped(const Chunks& values, const std::vector<size_t>& shape) {
  const std::vector<int64_t> sizes(shape.begin(), shape.end());
  int64_t width = 1;
  for (const int64_t size : sizes) width *= size;
  const auto type = arrow::extension::fixed_shape_tensor(values->type(), sizes);
  ARROW_ASSIGN_OR_RAISE(const auto flat, arrow::Concatenate(values->chunks()));
  ARROW_ASSIGN_OR_RAISE(const auto lists,
                        arrow::FixedSizeListArray::FromArrays(flat, static_cast<int32_t>(width)));
  return std::make_shared<arrow::ChunkedArray>(arrow::ExtensionType::WrapArray(type, lists));
}

}  // namespace

Result<Batch> read_ipc(std::string_view bytes) {
  return read_capped("Arrow IPC", [&](arrow::MemoryPool* pool) { return ipc_table(bytes, pool); });
}

Result<Batch> read_parquet_bytes(std::string_view bytes) {
  return read_capped("Parquet",
                     [&](arrow::MemoryPool* pool) { return parquet_table(bytes, pool); });
}

Result<std::string> write_ipc(const Batch& batch) {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  for (const auto& column : batch.columns) {
    auto values = TRY(column_to_arrow(column));
    if (!column.shape.empty()) {
      values = TRY(taken_from(shaped(values, column.shape), column.name));
    }
    fields.push_back(arrow::field(column.name, values->type()));
    columns.push_back(std::move(values));
  }
  const auto table = arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns),
                                        static_cast<int64_t>(batch.n_rows));
  return taken_from(ipc_bytes(*table), "Arrow IPC");
}

}  // namespace slipway::data
