#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/tracking.h"

namespace slipway::cli {
namespace {

// Every name that one of the runs has, in order.
template <typename Values>
std::vector<std::string> names_of(const std::vector<client::Run>& runs,
                                  Values client::Run::* part) {
  std::map<std::string, bool> names;
  for (const auto& run : runs) {
    for (const auto& [name, value] : run.*part) names[name] = true;
  }
  std::vector<std::string> out;
  for (const auto& [name, there] : names) out.push_back(name);
  return out;
}

Listing run_listing(const std::vector<client::Run>& runs) {
  Listing listing{{{"run_id"}, {"run_name"}, {"status"}, {"start_time"}}, {}};
  const auto metrics = names_of(runs, &client::Run::metrics);
  const auto params = names_of(runs, &client::Run::params);
  for (const auto& name : metrics) listing.headings.push_back({"metrics." + name, true});
  for (const auto& name : params) listing.headings.push_back({"params." + name});
  for (const auto& run : runs) {
    auto& row = listing.rows.emplace_back();
    row = {run.run_id, run.run_name, run.status, time_text(run.start_time_ms)};
    for (const auto& name : metrics) {
      const auto found = run.metrics.find(name);
      row.push_back(found == run.metrics.end() ? "" : fmt::format("{}", found->second));
    }
    for (const auto& name : params) {
      const auto found = run.params.find(name);
      row.push_back(found == run.params.end() ? "" : found->second);
    }
  }
  return listing;
}

// For people: no parameters, and metrics shortened.
void print_runs(const std::vector<client::Run>& runs, Format format) {
  auto listing = run_listing(runs);
  if (format == Format::table) {
    const size_t n_kept = 4 + names_of(runs, &client::Run::metrics).size();
    listing.headings.resize(n_kept);
    for (auto& row : listing.rows) {
      row.resize(n_kept);
      for (size_t i = 4; i < n_kept; ++i) {
        if (const auto number = to_number(row[i])) row[i] = short_number(*number);
      }
    }
  }
  print(listing, format);
}

Json run_json(const client::Run& run) {
  JsonObject metrics;
  for (const auto& [key, value] : run.metrics) metrics[key] = value;
  JsonObject params;
  for (const auto& [key, value] : run.params) params[key] = value;
  JsonObject tags;
  for (const auto& [key, value] : run.tags) tags[key] = value;
  return JsonObject{{"run_id", run.run_id},
                    {"run_name", run.run_name},
                    {"experiment_id", run.experiment_id},
                    {"status", run.status},
                    {"start_time", run.start_time_ms},
                    {"end_time", run.end_time_ms},
                    {"artifact_uri", run.artifact_uri},
                    {"metrics", metrics},
                    {"params", params},
                    {"tags", tags}};
}

}  // namespace

Result<int> runs_search(Invocation& call) {
  std::vector<std::string> experiments;
  client::RunSearch search;
  Format format = Format::table;
  Flags flags(call);
  flags.many(experiments, "--experiment", "Experiment by name; may be repeated [all]");
  flags.text(search.filter, "--filter", "Such as \"metrics.auc > 0.7 and params.depth = '6'\"");
  flags.many(search.order_by, "--order-by", "Such as \"metrics.auc DESC\"; may be repeated");
  flags.integer(search.max_results, "--max-results", "Runs to show at most", 1, 1'000'000);
  auto server = TRY(connect(flags, format));
  const auto known = TRY(client::list_experiments(server));
  const bool all = experiments.empty();
  for (const auto& experiment : known) {
    const bool wanted = all || std::erase(experiments, experiment.name) > 0;
    if (wanted) search.experiment_ids.push_back(experiment.experiment_id);
  }
  if (!experiments.empty()) {
    return fail(Code::resource_does_not_exist, "no experiment '{}'", experiments[0]);
  }
  const auto runs = TRY(client::search_runs(server, search));
  print_runs(runs, format);
  return 0;
}

Result<int> runs_get(Invocation& call) {
  std::string run_id;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  auto server = TRY(connect(flags, format));
  const auto run = TRY(client::get_run(server, run_id));
  if (format == Format::json) {
    print(run_json(run));
    return 0;
  }
  Listing listing{{{"field"}, {"value"}}, {}};
  listing.rows = {{"run_id", run.run_id},
                  {"run_name", run.run_name},
                  {"experiment_id", run.experiment_id},
                  {"status", run.status},
                  {"started", time_text(run.start_time_ms)},
                  {"ended", time_text(run.end_time_ms)}};
  for (const auto& [key, value] : run.metrics) {
    listing.rows.push_back({"metrics." + key, fmt::format("{}", value)});
  }
  for (const auto& [key, value] : run.params) listing.rows.push_back({"params." + key, value});
  for (const auto& [key, value] : run.tags) listing.rows.push_back({"tags." + key, value});
  print(listing, format);
  return 0;
}

// Runs side by side: a row for each param and metric of any of them.
Result<int> runs_compare(Invocation& call) {
  std::vector<std::string> run_ids;
  Format format = Format::table;
  Flags flags(call);
  flags.positionals(run_ids, "RUN_ID", "Ids of the runs");
  auto server = TRY(connect(flags, format));
  Listing listing{{{"field"}}, {}};
  std::map<std::string, std::vector<std::string>> rows;
  for (size_t i = 0; i < run_ids.size(); ++i) {
    const auto run = TRY(client::get_run(server, run_ids[i]));
    listing.headings.push_back({run.run_id});
    const auto put = [&](const std::string& field, std::string value) {
      auto& row = rows[field];
      row.resize(run_ids.size());
      row[i] = std::move(value);
    };
    put("run_name", run.run_name);
    put("status", run.status);
    for (const auto& [key, value] : run.metrics) put("metrics." + key, fmt::format("{}", value));
    for (const auto& [key, value] : run.params) put("params." + key, value);
  }
  for (auto& [field, cells] : rows) {
    auto& row = listing.rows.emplace_back();
    row.push_back(field);
    for (auto& cell : cells) row.push_back(std::move(cell));
  }
  print(listing, format);
  return 0;
}

Result<int> runs_history(Invocation& call) {
  std::string run_id;
  std::string key;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  flags.positional(key, "METRIC", "Name of the metric");
  auto server = TRY(connect(flags, format));
  const auto points = TRY(client::metric_history(server, run_id, key));
  Listing listing{{{"step", true}, {"timestamp", true}, {"value", true}}, {}};
  for (const auto& point : points) {
    listing.rows.push_back({std::to_string(point.step), std::to_string(point.time_ms),
                            fmt::format("{}", point.value)});
  }
  print(listing, format);
  return 0;
}

}  // namespace slipway::cli
