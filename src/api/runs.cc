#include "store/run_search.h"

#include "api/routes.h"
#include "api/values.h"
#include "api/wire.h"

namespace slipway::api {
namespace {

http::Response json_text(std::string text) {
  return http::respond(200, std::move(text), "application/json");
}

http::Response run_response(const store::Run& run) {
  std::string out = "{\"run\": ";
  append_run(out, run);
  out += '}';
  return json_text(std::move(out));
}

// A status by name or by protobuf's number; an unknown one is ignored, as on mlflow 3.17.2.
Result<std::optional<store::RunStatus>> read_status(const Call& call) {
  const auto number = call.maybe_integer("status");
  if (number.ok() && *number) {
    if (**number < 1 || **number > 5) return std::optional<store::RunStatus>();
    return std::optional(static_cast<store::RunStatus>(**number));
  }
  const auto name = TRY(call.text_or("status", ""));
  return store::run_status_from_name(name);
}

Result<http::Response> create(Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  store::NewRun request;
  request.experiment_id = TRY(fields.text("experiment_id"));
  request.user_id = TRY(fields.text_or("user_id", ""));
  request.run_name = TRY(fields.text_or("run_name", ""));
  request.start_time_ms = TRY(fields.integer_or("start_time", 0));
  request.tags = TRY(read_tags(fields));
  const auto run =
      TRY(workspace.store.write([&](db::Connection& c) { return store::create_run(c, request); }));
  return run_response(run);
}

Result<http::Response> get(Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  const auto run =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_run(c, run_id); }));
  return run_response(run);
}

Result<http::Response> search(Call& call, Workspace& workspace) {
  constexpr int64_t kDefaultMaxResults = 1000;
  const auto request = TRY(read_search(call, kDefaultMaxResults));
  const auto experiment_ids = TRY(call.texts("experiment_ids"));
  const auto view = TRY(read_view_type(call, "run_view_type"));
  const auto page = TRY(store::search_runs(workspace.store, {experiment_ids, request, view}));
  std::string out = "{";
  std::string_view separator = "\"runs\": [";
  for (const auto& run : page.items) {
    out += separator;
    append_run(out, run);
    separator = ", ";
  }
  if (!page.items.empty()) out += ']';
  if (!page.next_page_token.empty()) {
    out += page.items.empty() ? "\"next_page_token\": " : ", \"next_page_token\": ";
    append_quoted(out, page.next_page_token);
  }
  out += '}';
  return json_text(std::move(out));
}

Result<http::Response> update(Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  store::RunUpdate change;
  change.status = TRY(read_status(call));
  change.end_time_ms = TRY(call.maybe_integer("end_time"));
  change.run_name = TRY(call.maybe_text("run_name"));
  const auto info = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::update_run(c, run_id, change); }));
  std::string out = "{\"run_info\": ";
  append_run_info(out, info);
  out += '}';
  return json_text(std::move(out));
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  TRY(workspace.store.write([&](db::Connection& c) { return store::delete_run(c, run_id); }));
  return JsonObject();
}

Result<Json> restore(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  TRY(workspace.store.write([&](db::Connection& c) { return store::restore_run(c, run_id); }));
  return JsonObject();
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/runs/create", create, Needs::edit_experiment},
    {"GET", "/api/2.0/mlflow/runs/get", get, Needs::read_run},
    {"POST", "/api/2.0/mlflow/runs/search", search, Needs::read_run},
    {"POST", "/api/2.0/mlflow/runs/update", update, Needs::edit_run},
    {"POST", "/api/2.0/mlflow/runs/delete", remove, Needs::edit_run},
    {"POST", "/api/2.0/mlflow/runs/restore", restore, Needs::edit_run},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> run_routes() { return kRoutes; }

}  // namespace slipway::api
