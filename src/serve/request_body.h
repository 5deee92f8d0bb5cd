// serve/request_body.h — the body of a scoring request, read into typed columns.
#pragma once
#include <string_view>

#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// Read a body as MLflow's scoring protocol has it.
///
/// content_type  application/json (with one of dataframe_split, dataframe_records, instances,
///               inputs) or text/csv with a header row; parameters such as charset are ignored.
/// signature     says each column's type; columns it does not name are left out. Without inputs,
///               types follow the values.
/// Returns  at least one row; columns in the signature's order.
/// Errors   invalid_parameter_value: unknown content type, not JSON, more than one or none of the
///          four keys, a row of another length than the header, a value that does not fit its
///          column; the message names column, row (from 0) and value.
/// Source   MLflow 3.17.2 "scoring server" protocol; tests/rest/invocations.
Result<data::Batch> read_request_body(std::string_view body, std::string_view content_type,
                                      const models::Signature& signature);

}  // namespace slipway::serve
