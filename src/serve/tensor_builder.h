// serve/tensor_builder.h — the rows of one tensor, gathered from nested lists of a request.
#pragma once
#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// Gathers rows of equal shape, as the type that the signature says, or without one as numpy would
/// take them: int64 where all are whole, else float64, boolean or string.
class TensorBuilder {
 public:
  TensorBuilder(std::string name, const std::optional<models::TensorSpec>& spec);

  /// Add a row: a value, or lists of lists of values.
  /// Errors   invalid_parameter_value: another shape than the first row's, an empty list, or a
  /// value
  ///          that does not fit; names input, row and value.
  Result<void> add(simdjson::dom::element row);

  size_t size() const { return n_rows_; }
  data::Column finish();

 private:
  Result<void> add_nested(simdjson::dom::element value, size_t depth);
  Result<void> add_value(simdjson::dom::element value);
  Result<void> add_number(simdjson::dom::element value);
  void take_type_of(simdjson::dom::element value);
  Error misfit(simdjson::dom::element value, std::string_view why) const;

  std::string name_;
  bool declared_;
  bool knows_type_;
  data::Column column_;
  bool knows_shape_ = false;  // by the first value
  size_t n_rows_ = 0;
};

}  // namespace slipway::serve
