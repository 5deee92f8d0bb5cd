#include "data/table.h"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>

#include <algorithm>
#include <set>

#include "base/id.h"
#include "base/text.h"
#include "data/arrow_status.h"
#include "data/convert.h"

namespace slipway::data {
namespace {

std::string_view bytes_of(const void* data, size_t n_bytes) {
  return {static_cast<const char*>(data), n_bytes};
}

void add_number(Digest& digest, uint64_t number) {
  digest.add(bytes_of(&number, sizeof number));  // little-endian, as every machine we build for
}

void add_text(Digest& digest, std::string_view text) {
  add_number(digest, text.size());
  digest.add(text);
}

void add_column(Digest& digest, const Column& column) {
  add_text(digest, column.name);
  add_text(digest, type_name(column.type));
  add_number(digest, column.n_missing());
  digest.add(bytes_of(column.valid.data(), column.valid.size()));
  if (const auto* strings = std::get_if<Strings>(&column.values)) {
    for (size_t i = 0; i < strings->size(); ++i) add_text(digest, (*strings)[i]);
    return;
  }
  std::visit(
      [&](const auto& values) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, Strings>) {
          digest.add(bytes_of(values.data(), values.size() * sizeof values[0]));
        }
      },
      column.values);
}

}  // namespace

Table::Table() : table_(arrow::Table::Make(arrow::schema({}), arrow::ChunkedArrayVector{}, 0)) {}

Table::Table(std::shared_ptr<arrow::Table> table) : table_(std::move(table)) {}

Result<Table> Table::from_batch(const Batch& batch) {
  return Table(arrow::Table::Make(arrow::schema({}), arrow::ChunkedArrayVector{},
                                  static_cast<int64_t>(batch.n_rows)))
      .with_columns(batch);
}

size_t Table::n_rows() const { return static_cast<size_t>(table_->num_rows()); }

size_t Table::n_columns() const { return static_cast<size_t>(table_->num_columns()); }

std::vector<Field> Table::schema() const {
  std::vector<Field> fields;
  for (const auto& field : table_->schema()->fields()) {
    fields.push_back({field->name(), our_type(*field->type()), field->type()->ToString()});
  }
  return fields;
}

std::vector<std::string> Table::names() const { return table_->ColumnNames(); }

bool Table::has(std::string_view name) const {
  return table_->schema()->GetFieldIndex(std::string(name)) >= 0;
}

Result<Column> Table::column(std::string_view name) const {
  const auto values = table_->GetColumnByName(std::string(name));
  if (values) return column_from_arrow(std::string(name), values);
  return fail(Code::invalid_parameter_value, "no column '{}'; there are: {}", name,
              join(names(), ", "));
}

Result<Batch> Table::batch() const { return batch(names()); }

Result<Batch> Table::batch(const std::vector<std::string>& names) const {
  Batch out;
  out.n_rows = n_rows();
  for (const auto& name : names) {
    auto values = TRY(column(name));
    out.columns.push_back(std::move(values));
  }
  return out;
}

Table Table::slice(size_t begin, size_t n_rows) const {
  const auto first = std::min(begin, this->n_rows());
  return Table(table_->Slice(static_cast<int64_t>(first),
                             static_cast<int64_t>(std::min(n_rows, this->n_rows() - first))));
}

Result<Table> Table::take(const std::vector<size_t>& rows) const {
  static_assert(sizeof(size_t) == sizeof(uint64_t));
  const auto numbers = std::make_shared<arrow::UInt64Array>(
      static_cast<int64_t>(rows.size()),
      arrow::Buffer::Wrap(reinterpret_cast<const uint64_t*>(rows.data()), rows.size()));
  const auto taken = TRY(taken_from(
      arrow::compute::Take(arrow::Datum(table_), arrow::Datum(numbers)), "cannot take rows"));
  return Table(taken.table());
}

Result<Table> Table::select(const std::vector<std::string>& names) const {
  std::vector<int> numbers;
  for (const auto& name : names) {
    const int number = table_->schema()->GetFieldIndex(name);
    if (number < 0) {
      return fail(Code::invalid_parameter_value, "no column '{}'; there are: {}", name,
                  join(this->names(), ", "));
    }
    numbers.push_back(number);
  }
  auto selected = TRY(taken_from(table_->SelectColumns(numbers), "cannot select columns"));
  return Table(std::move(selected));
}

Result<Table> Table::with_columns(const Batch& columns) const {
  const auto present = names();
  std::set<std::string> taken(present.begin(), present.end());
  auto fields = table_->schema()->fields();
  auto values = table_->columns();
  for (const auto& column : columns.columns) {
    if (!taken.insert(column.name).second) {
      return fail(Code::invalid_parameter_value, "there are two columns '{}'", column.name);
    }
    if (column.size() != n_rows() || (!column.valid.empty() && column.valid.size() != n_rows())) {
      return fail(Code::invalid_parameter_value, "column '{}' has {} rows where the table has {}",
                  column.name, column.size(), n_rows());
    }
    auto chunks = TRY(column_to_arrow(column));
    fields.push_back(arrow::field(column.name, chunks->type()));
    values.push_back(std::move(chunks));
  }
  return Table(
      arrow::Table::Make(arrow::schema(std::move(fields)), std::move(values), table_->num_rows()));
}

Result<std::string> Table::digest() const {
  Digest digest;
  add_number(digest, n_rows());
  for (const auto& name : names()) {
    const auto column = TRY(this->column(name));
    add_column(digest, column);
  }
  return digest.hex();
}

std::string arrow_version() { return arrow::GetBuildInfo().version_string; }

}  // namespace slipway::data
