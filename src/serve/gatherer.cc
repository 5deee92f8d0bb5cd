#include "serve/gatherer.h"

namespace slipway::serve {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// Rows that leave columns out are filled up: a short body may stand for many values.
constexpr size_t kMaxCells = size_t{1} << 24;

Result<Cell> cell_of(element value) {
  switch (value.type()) {
    case element_type::NULL_VALUE: return Cell();
    case element_type::BOOL: return Cell(bool(value));
    case element_type::INT64: return Cell(int64_t(value));
    case element_type::UINT64: return Cell(static_cast<double>(uint64_t(value)));
    case element_type::DOUBLE: return Cell(double(value));
    case element_type::STRING: return Cell(std::string_view(value));
    default: break;
  }
  return fail(Code::invalid_parameter_value, "a cell holds a list or an object: {}",
              std::string(simdjson::minify(value)).substr(0, 80));
}

}  // namespace

// A tensor of one dimension is a column of single values.
Gathering::Gathering(const models::ColumnSpec& spec) : cells_(spec) {
  if (spec.tensor && spec.tensor->shape.size() > 1) {
    tensor_ = std::make_unique<TensorBuilder>(spec.name, spec.tensor);
  }
}

Result<void> Gathering::add(element value) {
  if (open_ && size() == 0 && value.is_array()) {
    tensor_ = std::make_unique<TensorBuilder>(name(), std::nullopt);
  }
  if (tensor_) return tensor_->add(value);
  const Cell cell = TRY(cell_of(value));
  return cells_.add(cell);
}

Result<void> Gathering::add(const Cell& cell) {
  if (!tensor_) return cells_.add(cell);
  return fail(Code::invalid_parameter_value, "input '{}', row {}: {} is not a list", name(), size(),
              cell_text(cell));
}

Gatherer::Gatherer(const models::Signature& signature) : open_(signature.inputs.empty()) {
  for (const auto& spec : signature.inputs) {
    places_.emplace(spec.name, columns_.size());
    columns_.emplace_back(spec);
  }
}

Gathering* Gatherer::column(std::string_view name) {
  const auto place = places_.find(std::string(name));
  if (place != places_.end()) return &columns_[place->second];
  if (!open_) return nullptr;
  places_.emplace(std::string(name), columns_.size());
  columns_.emplace_back(std::string(name));
  return &columns_.back();
}

Result<Gathering*> Gatherer::column_at(size_t index) {
  if (index < columns_.size()) return &columns_[index];
  if (open_) return column(std::to_string(index));
  return fail(Code::invalid_parameter_value,
              "row {} has more than the {} values that the model takes", n_rows_, columns_.size());
}

Gathering* Gatherer::only_tensor() {
  return columns_.size() == 1 && !open_ && columns_[0].is_tensor() ? &columns_[0] : nullptr;
}

Result<void> Gatherer::fill(Gathering& column) {
  while (column.size() < n_rows_) TRY(column.add(Cell()));
  return {};
}

Result<void> Gatherer::end_row() {
  ++n_rows_;
  if (columns_.size() > kMaxCells / n_rows_) {
    return fail(Code::invalid_parameter_value,
                "{} rows of {} columns are more than the {} values that a request may have",
                n_rows_, columns_.size(), kMaxCells);
  }
  for (auto& column : columns_) {
    if (column.size() < n_rows_ && column.size() > 0) TRY(column.add(Cell()));
  }
  return {};
}

Result<data::Batch> Gatherer::finish() {
  if (n_rows_ == 0) return fail(Code::invalid_parameter_value, "the request has no rows");
  data::Batch batch;
  batch.n_rows = n_rows_;
  for (auto& column : columns_) {
    if (column.size() == 0) continue;
    if (column.size() != n_rows_) {
      return fail(Code::invalid_parameter_value, "column '{}' has {} values where others have {}",
                  column.name(), column.size(), n_rows_);
    }
    batch.columns.push_back(column.finish());
  }
  return batch;
}

}  // namespace slipway::serve
