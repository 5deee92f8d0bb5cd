// api/batch.h — reads the body of runs/log-batch, the busiest of all.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "base/result.h"
#include "store/metrics.h"
#include "store/values.h"

namespace slipway::api {

struct Batch {
  std::string run_id;
  std::vector<store::Metric> metrics;
  std::vector<store::Param> params;
  std::vector<store::Tag> tags;
};

/// Give the batch that a request holds, read when it is first asked for. Errors as Fields; the
/// message names the item, such as 'metrics[0].timestamp'.
Result<const Batch*> batch_of(Call& call);

/// Read one metric point of a request. Errors as Fields.
Result<store::Metric> read_metric(const Fields& fields);

/// Read a batch in one pass; nothing where anything is not plain (a missing member, a number as
/// text, NaN): read_batch() then looks again and finds the words for it. `body` may grow spare
/// room, its text stays.
std::optional<Batch> read_plain_batch(std::string& body);

}  // namespace slipway::api
