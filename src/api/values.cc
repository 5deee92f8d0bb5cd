#include "api/values.h"

#include "base/text.h"

namespace slipway::api {
namespace {

template <typename Pair>
Result<std::vector<Pair>> read_pairs(const Fields& fields, std::string_view name) {
  std::vector<Pair> pairs;
  const auto items = TRY(fields.items(name));
  for (const auto& item : items) {
    auto key = TRY(item.text("key"));
    auto value = TRY(item.text_or("value", ""));
    pairs.push_back({std::move(key), std::move(value)});
  }
  return pairs;
}

}  // namespace

Result<std::string> read_run_id(const Call& call) {
  const auto fields = TRY(call.fields());
  return fields.text(fields.has("run_id")     ? "run_id"
                     : fields.has("run_uuid") ? "run_uuid"
                                              : "run_id");
}

Result<std::vector<store::Tag>> read_tags(const Fields& fields, std::string_view name) {
  return read_pairs<store::Tag>(fields, name);
}

Result<std::vector<store::Param>> read_params(const Fields& fields, std::string_view name) {
  return read_pairs<store::Param>(fields, name);
}

Result<store::Tag> read_tag(const Call& call) {
  store::Tag tag;
  tag.key = TRY(call.text("key"));
  tag.value = TRY(call.text_or("value", ""));
  return tag;
}

Result<store::SearchRequest> read_search(const Call& call, store::Resource resource,
                                         int64_t default_max_results) {
  store::SearchRequest request;
  request.readable = call.principal().readable(resource);
  request.filter = TRY(call.text_or("filter", ""));
  request.order_by = TRY(call.texts("order_by"));
  request.page_token = TRY(call.text_or("page_token", ""));
  request.max_results = TRY(call.integer_or("max_results", default_max_results));
  return request;
}

Result<store::ViewType> read_view_type(const Call& call, std::string_view name) {
  const auto number = call.maybe_integer(name);
  if (number.ok() && *number) {
    if (**number == 2) return store::ViewType::deleted_only;
    return **number == 3 ? store::ViewType::all : store::ViewType::active_only;
  }
  const auto view = TRY(call.text_or(name, ""));
  return store::view_type_from_name(view);
}

}  // namespace slipway::api
