#include "data/nested.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <exception>

#include "data/arrow_status.h"
#include "data/convert.h"

namespace slipway::data {
namespace {

constexpr int kMaxDepth = 16;

Result<Nested> nested_from(const std::string& name, const std::shared_ptr<arrow::Array>& array,
                           int depth);

std::vector<uint8_t> validity(const arrow::Array& array) {
  std::vector<uint8_t> valid;
  if (array.null_count() == 0) return valid;
  for (int64_t i = 0; i < array.length(); ++i) valid.push_back(array.IsValid(i) ? 1 : 0);
  return valid;
}

Result<void> fill_list(Nested& out, const arrow::ListArray& list, int depth) {
  out.kind = Nested::Kind::list;
  const auto begin = list.value_offset(0);
  for (int64_t i = 0; i <= list.length(); ++i) {
    out.starts.push_back(static_cast<size_t>(list.value_offset(i) - begin));
  }
  const auto items = list.values()->Slice(begin, list.value_offset(list.length()) - begin);
  auto child = TRY(nested_from("", items, depth + 1));
  out.children.push_back(std::move(child));
  return {};
}

Result<Nested> nested_from(const std::string& name, const std::shared_ptr<arrow::Array>& array,
                           int depth) {
  if (depth > kMaxDepth) {
    return fail(Code::invalid_parameter_value, "column '{}' is nested deeper than {}", name,
                kMaxDepth);
  }
  Nested out;
  out.name = name;
  out.n_rows = static_cast<size_t>(array->length());
  out.valid = validity(*array);
  const auto type = array->type_id();
  if (type == arrow::Type::LIST || type == arrow::Type::MAP) {
    TRY(fill_list(out, static_cast<const arrow::ListArray&>(*array), depth));
    return out;
  }
  if (type == arrow::Type::STRUCT) {
    out.kind = Nested::Kind::structure;
    const auto& fields = static_cast<const arrow::StructArray&>(*array);
    for (int i = 0; i < fields.num_fields(); ++i) {
      auto child = TRY(nested_from(fields.type()->field(i)->name(), fields.field(i), depth + 1));
      out.children.push_back(std::move(child));
    }
    return out;
  }
  out.values = TRY(column_from_arrow(name, std::make_shared<arrow::ChunkedArray>(array)));
  return out;
}

// Runs of one value take no room: a small file may say that it has billions of them.
Result<void> check_size(const parquet::FileMetaData& metadata, size_t n_bytes) {
  const auto limit = static_cast<int64_t>(1000 * n_bytes + 1'000'000);
  int64_t n_values = metadata.num_rows();
  for (int g = 0; g < metadata.num_row_groups() && n_values >= 0 && n_values < limit; ++g) {
    const auto group = metadata.RowGroup(g);
    for (int c = 0; c < group->num_columns(); ++c) {
      const auto n = group->ColumnChunk(c)->num_values();
      if (n < 0 || n > limit) n_values = limit;
      n_values += n;
    }
  }
  if (n_values < 0 || n_values >= limit) {
    return fail(Code::invalid_parameter_value, "more values than {} bytes explain", n_bytes);
  }
  return {};
}

Result<std::shared_ptr<arrow::Table>> read_table(std::string_view bytes) {
  const auto buffer = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(
      reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int64_t>(bytes.size())));
  parquet::arrow::FileReaderBuilder builder;
  if (const auto opened = builder.Open(buffer); !opened.ok()) return arrow_error(opened, "Parquet");
  TRY(check_size(*builder.raw_reader()->metadata(), bytes.size()));
  const auto reader = TRY(taken_from(builder.Build(), "Parquet"));
  auto table = TRY(taken_from(reader->ReadTable(), "Parquet"));
  if (const auto valid = table->Validate(); !valid.ok()) return arrow_error(valid, "Parquet");
  return table;
}

Result<Nested> read_all(const std::vector<std::string_view>& files) {
  std::vector<std::shared_ptr<arrow::Table>> tables;
  for (const auto bytes : files) {
    auto table = TRY(read_table(bytes));
    tables.push_back(std::move(table));
  }
  const auto table = TRY(taken_from(arrow::ConcatenateTables(tables), "Parquet"));
  Nested out;
  out.kind = Nested::Kind::structure;
  out.n_rows = static_cast<size_t>(table->num_rows());
  for (int c = 0; c < table->num_columns(); ++c) {
    const auto& chunks = table->column(c)->chunks();
    const auto type = table->field(c)->type();
    const auto array = TRY(taken_from(
        chunks.empty() ? arrow::MakeEmptyArray(type) : arrow::Concatenate(chunks), "Parquet"));
    auto column = TRY(nested_from(table->field(c)->name(), array, 0));
    out.children.push_back(std::move(column));
  }
  return out;
}

}  // namespace

const Nested* Nested::find(std::string_view field) const {
  if (kind != Kind::structure) return nullptr;
  for (const auto& child : children) {
    if (child.name == field) return &child;
  }
  return nullptr;
}

Result<Nested> read_nested_parquet(const std::vector<std::string_view>& files) {
  check(!files.empty(), "read_nested_parquet() needs a file");
  try {  // Parquet's library throws on some damaged files
    return read_all(files);
  } catch (const std::exception& thrown) {
    return fail(Code::invalid_parameter_value, "Parquet: {}", thrown.what());
  }
}

}  // namespace slipway::data
