// serve/csv_body.h — the CSV body of a scoring request.
#pragma once
#include <string_view>

#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// Read CSV with a header row; see read_request_body(). An empty field is a missing value.
/// Source   RFC 4180.
Result<data::Batch> read_csv_body(std::string_view body, const models::Signature& signature);

}  // namespace slipway::serve
