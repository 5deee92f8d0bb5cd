#include "api/authorize.h"
#include "api/routes.h"
#include "api/values.h"
#include "api/wire.h"
#include "store/run_search.h"

namespace slipway::api {
namespace {

http::Response json_text(std::string text) {
  return http::respond(200, std::move(text), "application/json");
}

http::Response run_response(const store::Run& run,
                            EmptyOutputs empty_outputs = EmptyOutputs::shown) {
  std::string out = "{\"run\": ";
  append_run(out, run, empty_outputs);
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
  return run_response(run, EmptyOutputs::left_out);
}

Result<http::Response> get(Call& call, Workspace& workspace) {
  const auto run_id = TRY(read_run_id(call));
  const auto run =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_run(c, run_id); }));
  return run_response(run);
}

// The texts of a page's runs; those that are gone are left out. Those kept since an earlier search
// need no reading.
Result<std::vector<RunTexts::Text>> texts_of(db::Connection& conn,
                                             const std::vector<store::FoundRun>& found,
                                             RunTexts& kept) {
  std::vector<RunTexts::Text> texts;
  std::vector<store::FoundRun> missing;
  for (const auto& run : found) {
    texts.push_back(kept.find(run));
    if (!texts.back()) missing.push_back(run);
  }
  const auto runs = TRY(store::load_found(conn, missing));
  size_t n_read = 0;
  for (auto& text : texts) {
    if (text) continue;
    const auto& run = runs[n_read];
    const auto& key = missing[n_read++];
    if (!run) continue;
    std::string written;
    append_run(written, *run);
    text = std::make_shared<const std::string>(std::move(written));
    kept.keep(key, text);
  }
  std::erase(texts, nullptr);
  return texts;
}

http::Response search_response(const std::vector<RunTexts::Text>& texts,
                               std::string_view next_page_token) {
  size_t n_bytes = 64 + next_page_token.size();
  for (const auto& text : texts) n_bytes += text->size() + 2;
  std::string out;
  out.reserve(n_bytes);
  out += '{';
  std::string_view separator = "\"runs\": [";
  for (const auto& text : texts) {
    out += separator;
    out += *text;
    separator = ", ";
  }
  if (!texts.empty()) out += ']';
  if (!next_page_token.empty()) {
    out += texts.empty() ? "\"next_page_token\": " : ", \"next_page_token\": ";
    append_quoted(out, next_page_token);
  }
  out += '}';
  return json_text(std::move(out));
}

Result<http::Response> search(Call& call, Workspace& workspace) {
  constexpr int64_t kDefaultMaxResults = 1000;
  store::RunSearch search;
  search.request = TRY(read_search(call, store::Resource::experiment, kDefaultMaxResults));
  const auto asked = TRY(call.texts("experiment_ids"));
  search.experiment_ids = readable_experiments(call.principal(), asked);
  search.view = TRY(read_view_type(call, "run_view_type"));
  http::Response response;
  TRY(store::find_runs(
      workspace.store, search,
      [&](db::Connection& conn, const store::Page<store::FoundRun>& page) -> Result<void> {
        const auto texts = TRY(texts_of(conn, page.items, *workspace.run_texts));
        response = search_response(texts, page.next_page_token);
        return {};
      }));
  return response;
}

Result<http::Response> update(Call& call, Workspace& workspace) {
  const auto run_id = TRY(read_run_id(call));
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
    {"POST", "/api/2.0/mlflow/runs/search", search, Needs::what_is_readable},
    {"POST", "/api/2.0/mlflow/runs/update", update, Needs::edit_run},
    {"POST", "/api/2.0/mlflow/runs/delete", remove, Needs::manage_run},
    {"POST", "/api/2.0/mlflow/runs/restore", restore, Needs::manage_run},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> run_routes() { return kRoutes; }

}  // namespace slipway::api
