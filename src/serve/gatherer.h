// serve/gatherer.h — the columns of a request on their way: where each field of a row goes.
#pragma once
#include <simdjson.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"
#include "serve/cell.h"
#include "serve/tensor_builder.h"

namespace slipway::serve {

/// One column that is being gathered: of single values, or of tensors where the signature says so
/// or, without one, where the first value is a list.
class Gathering {
 public:
  explicit Gathering(std::string name) : cells_(std::move(name)), open_(true) {}
  explicit Gathering(const models::ColumnSpec& spec);

  /// Errors   as ColumnBuilder::add and TensorBuilder::add.
  Result<void> add(simdjson::dom::element value);
  /// Add a single value; a tensor of lists takes none.
  Result<void> add(const Cell& cell);

  const std::string& name() const { return cells_.name(); }
  bool is_tensor() const { return tensor_ != nullptr; }
  size_t size() const { return tensor_ ? tensor_->size() : cells_.size(); }
  data::Column finish() { return tensor_ ? tensor_->finish() : cells_.finish(); }

 private:
  ColumnBuilder cells_;
  std::unique_ptr<TensorBuilder> tensor_;
  bool open_ = false;
};

/// Gathers the columns that a signature names; without inputs in it, all that come.
class Gatherer {
 public:
  explicit Gatherer(const models::Signature& signature);

  /// Find the column of a name; null where the signature does not name it. Valid until the next
  /// column that is new.
  Gathering* column(std::string_view name);

  /// Find the column at a position, for rows without names.
  /// Errors   invalid_parameter_value: the model takes fewer.
  Result<Gathering*> column_at(size_t index);

  /// The only column, where it is a tensor of lists: rows without names are its rows. Else null.
  Gathering* only_tensor();

  /// Rows before this one that did not name the column are missing there.
  Result<void> fill(Gathering& column);
  /// Close a row: what it did not name is missing.
  Result<void> end_row();
  void set_n_rows(size_t n_rows) { n_rows_ = n_rows; }

  /// Give the columns that any row named; the model says which others it misses.
  /// Errors   invalid_parameter_value: no rows, or columns of unequal lengths.
  Result<data::Batch> finish();

 private:
  bool open_;
  size_t n_rows_ = 0;
  std::vector<Gathering> columns_;
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace slipway::serve
