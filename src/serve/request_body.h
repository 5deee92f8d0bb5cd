// serve/request_body.h — the body of a scoring request, read into typed columns.
#pragma once
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// The content types of bodies that are read.
constexpr std::string_view kContentTypes =
    "application/json, text/csv, application/vnd.apache.parquet, "
    "application/vnd.apache.arrow.stream, application/vnd.apache.arrow.file";

/// A body, read.
struct ScoringRequest {
  data::Batch rows;   // at least one
  JsonObject params;  // those of the signature, with its defaults
};

/// Read a body as MLflow's scoring protocol has it.
///
/// content_type  application/json (with one of dataframe_split, dataframe_records, instances,
///               inputs, and beside it params), text/csv with a header row, Parquet or Arrow IPC;
///               parameters such as charset are ignored.
/// signature     says each column's type; columns it does not name are left out of JSON and CSV.
///               Without inputs, types follow the values.
/// Returns  Columns of JSON and CSV in the signature's order. Lists become tensors where the
///          signature has tensors, or where it has no inputs; rows without names that are lists of
///          lists are one tensor, the column "".
/// Errors   invalid_parameter_value: unknown content type, not JSON, more than one or none of the
///          four keys, a row of another length than the header, a value that does not fit its
///          column; the message names column, row (from 0) and value.
/// Source   MLflow 3.17.2 "scoring server" protocol; tests/rest/invocations.
Result<ScoringRequest> read_request_body(std::string_view body, std::string_view content_type,
                                         const models::Signature& signature);

}  // namespace slipway::serve
