#include <algorithm>
#include <functional>
#include <set>
#include <span>

#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "cli/run_table.h"
#include "client/tracking.h"

namespace slipway::cli {
namespace {

constexpr size_t kMostInTable = 100;

// A search for runs and how it is shown.
struct SearchFlags {
  client::RunSearch search;
  ViewFlag view;
  Format format = Format::table;

  void declare(Flags& flags) {
    search.max_results = 0;
    view.declare(flags);
    flags.integer(search.max_results, "--max-results",
                  "Runs to show at most; 0: 100 in a table, else all", 0, INT64_MAX);
  }
};

using TakeRuns = std::function<Result<void>(std::span<const client::Run>)>;

// Hand on what was asked for; where a table leaves runs out that no one said to, tell so.
Result<void> visit(client::Server& server, const SearchFlags& asked, const TakeRuns& take) {
  auto search = asked.search;
  search.view = asked.view.value();
  const bool is_cut = asked.format == Format::table && search.max_results == 0;
  if (is_cut) search.max_results = kMostInTable + 1;
  size_t n_found = 0;
  TRY(client::visit_runs(server, search, [&](const std::vector<client::Run>& page) {
    std::span runs(page);
    if (is_cut) runs = runs.first(std::min(runs.size(), kMostInTable - n_found));
    n_found += page.size();
    return take(runs);
  }));
  if (is_cut && n_found > kMostInTable) {
    fmt::print(stderr, "slipway: there are more than these {}: see --max-results\n", kMostInTable);
  }
  return {};
}

Result<void> find_experiments(client::Server& server, const std::vector<std::string>& called,
                              client::RunSearch& search) {
  for (const auto& name : called) {
    auto experiment = TRY(client::experiment_called(server, name));
    search.experiment_ids.push_back(std::move(experiment.experiment_id));
  }
  if (!called.empty()) return {};
  const auto all = TRY(client::search_experiments(server));
  for (const auto& experiment : all) search.experiment_ids.push_back(experiment.experiment_id);
  return {};
}

Result<void> print_json(client::Server& server, const SearchFlags& asked) {
  JsonList list;
  TRY(visit(server, asked, [&](std::span<const client::Run> runs) {
    for (const auto& run : runs) list.add(run_json(run));
    return written();
  }));
  list.finish();
  return {};
}

Result<void> print_columns(client::Server& server, const SearchFlags& asked,
                           const std::vector<std::string>& columns) {
  std::vector<Listing::Heading> headings;
  for (const auto& column : columns) headings.push_back(heading_of(column));
  Rows rows(std::move(headings), asked.format);
  TRY(visit(server, asked, [&](std::span<const client::Run> runs) {
    for (const auto& run : runs) {
      std::vector<std::string> row;
      for (const auto& column : columns) row.push_back(cell_of(run, column, asked.format));
      rows.add(std::move(row));
    }
    return written();
  }));
  rows.finish();
  return {};
}

Result<void> print_all_columns(client::Server& server, const SearchFlags& asked) {
  auto spool = TRY(RunSpool::make());
  TRY(visit(server, asked, [&](std::span<const client::Run> runs) { return spool.add(runs); }));
  return spool.print_csv();
}

// For people: the metrics, but neither parameters nor tags.
Result<void> print_table(client::Server& server, const SearchFlags& asked) {
  std::vector<client::Run> found;
  TRY(visit(server, asked, [&](std::span<const client::Run> runs) -> Result<void> {
    found.insert(found.end(), runs.begin(), runs.end());
    return {};
  }));
  std::set<std::string> metrics;
  for (const auto& run : found) {
    for (const auto& [name, value] : run.metrics) metrics.insert("metrics." + name);
  }
  std::vector<std::string> columns{"run_id", "run_name", "status", "start_time"};
  columns.insert(columns.end(), metrics.begin(), metrics.end());
  Listing listing;
  for (const auto& column : columns) listing.headings.push_back(heading_of(column));
  for (const auto& run : found) {
    auto& row = listing.rows.emplace_back();
    for (const auto& column : columns) row.push_back(cell_of(run, column, Format::table));
  }
  print(listing, Format::table);
  return {};
}

}  // namespace

Result<int> runs_list(Invocation& call) {
  std::vector<std::string> experiments;
  SearchFlags asked;
  Flags flags(call);
  flags.positionals(experiments, "EXPERIMENT", "Ids or names of experiments [all]", Need::optional);
  asked.declare(flags);
  auto server = TRY(connect(flags, asked.format));
  TRY(find_experiments(server, experiments, asked.search));
  const std::vector<std::string> columns{"run_id", "run_name", "status", "start_time", "end_time"};
  TRY(print_columns(server, asked, columns));
  return 0;
}

Result<int> runs_search(Invocation& call) {
  std::vector<std::string> experiments;
  std::string columns;
  SearchFlags asked;
  Flags flags(call);
  flags.many(experiments, "--experiment", "Experiment by name or id; may be repeated [all]");
  flags.text(asked.search.filter, "--filter",
             "Such as \"metrics.auc > 0.7 and params.depth = '6'\"");
  flags.many(asked.search.order_by, "--order-by", "Such as \"metrics.auc DESC\"; may be repeated");
  flags.text(columns, "--columns", "Only these: run_id,metrics.auc,params.depth,tags.team,…");
  asked.declare(flags);
  auto server = TRY(connect(flags, asked.format));
  const auto names = split(columns, ',');
  for (const auto& name : names) {
    const auto known = check_column(name);
    if (!known.ok()) return flags.reject("--columns: " + known.error().message);
  }
  TRY(find_experiments(server, experiments, asked.search));
  if (!names.empty()) {
    TRY(print_columns(server, asked, names));
  } else if (asked.format == Format::json) {
    TRY(print_json(server, asked));
  } else if (asked.format == Format::csv) {
    TRY(print_all_columns(server, asked));
  } else {
    TRY(print_table(server, asked));
  }
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
                  {"lifecycle_stage", run.lifecycle_stage},
                  {"artifact_uri", run.artifact_uri},
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
  Rows rows({{"step", true}, {"timestamp", true}, {"value", true}}, format);
  TRY(client::visit_history(server, run_id, key, [&](const std::vector<client::MetricPoint>& page) {
    for (const auto& point : page) {
      rows.add({std::to_string(point.step), std::to_string(point.time_ms),
                fmt::format("{}", point.value)});
    }
    return written();
  }));
  rows.finish();
  return 0;
}

}  // namespace slipway::cli
