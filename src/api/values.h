// api/values.h — reads the values that several resources take: tags, params, what a search asks.
#pragma once
#include <string_view>
#include <vector>

#include "api/call.h"
#include "store/values.h"

namespace slipway::api {

/// Read the run that a request is about: `run_id`, or where it is missing `run_uuid`, its old name,
/// which runs/get, update, log-metric, log-parameter, set-tag and artifacts/list know.
Result<std::string> read_run_id(const Call& call);

/// Read a list of {key, value}; a value may be missing. Errors as Fields.
Result<std::vector<store::Tag>> read_tags(const Fields& fields, std::string_view name = "tags");
Result<std::vector<store::Param>> read_params(const Fields& fields,
                                              std::string_view name = "params");

/// Read `key` and `value` of a request that sets one tag.
Result<store::Tag> read_tag(const Call& call);

/// Read filter, order_by, page_token and max_results. Errors as Fields.
Result<store::SearchRequest> read_search(const Call& call, store::Resource resource,
                                         int64_t default_max_results);

/// Read which of active and deleted objects are asked for: a name or protobuf's number; anything
/// else means the active ones, as on mlflow 3.17.2.
Result<store::ViewType> read_view_type(const Call& call, std::string_view name);

}  // namespace slipway::api
