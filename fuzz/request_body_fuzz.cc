// Any bytes as a scoring request: refused, or read into columns that are whole. The first byte says
// which kind of body and which signature.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "serve/request_body.h"
#include "serve/tensors.h"

namespace {

using slipway::data::Batch;
using slipway::models::Signature;

constexpr std::string_view kColumns =
    R"([{"name": "month", "type": "long"}, {"name": "temp", "type": "double"},
        {"name": "origin", "type": "string", "required": false},
        {"name": "when", "type": "datetime", "required": false},
        {"name": "image", "type": "binary", "required": false}])";
constexpr std::string_view kTensor =
    R"([{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2, 2]}}])";
constexpr std::string_view kNamed =
    R"([{"name": "ids", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 3]}},
        {"name": "mask", "type": "tensor", "tensor-spec": {"dtype": "bool", "shape": [-1]}}])";
constexpr std::string_view kParams =
    R"([{"name": "t", "type": "double", "default": 0.5, "shape": null}])";

void expect_whole(const Batch& batch) {
  for (const auto& column : batch.columns) {
    const bool whole = column.size() == batch.n_rows &&
                       column.n_values() == batch.n_rows * column.width() &&
                       (column.valid.empty() || column.valid.size() == batch.n_rows);
    if (!whole) std::abort();
  }
}

void bring(const Signature& signature, const Batch& batch) {
  expect_whole(batch);
  const auto ready = signature.takes_tensors() ? slipway::models::enforce_tensors(signature, batch)
                                               : slipway::models::enforce(signature, batch);
  if (ready.ok()) expect_whole(*ready);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const Signature kSignatures[] = {
      slipway::models::parse_signature(kColumns, "", kParams).value(),
      slipway::models::parse_signature(kTensor, "").value(),
      slipway::models::parse_signature(kNamed, "").value(), Signature()};
  if (size == 0) return -1;
  const std::string_view body(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto& signature = kSignatures[bytes[0] % 4];
  const int kind = bytes[0] / 4 % 6;
  if (kind == 5) {
    const size_t n_json = body.rfind('}') + 1;
    const auto read = slipway::serve::read_inference_request(body, n_json, signature);
    if (read.ok()) bring(signature, read->rows);
    return 0;
  }
  constexpr std::string_view kTypes[] = {
      "application/json", "text/csv", "application/vnd.apache.parquet",
      "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"};
  const auto read = slipway::serve::read_request_body(body, kTypes[kind], signature);
  if (read.ok()) bring(signature, read->rows);
  return 0;
}
