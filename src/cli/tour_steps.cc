#include "cli/tour_steps.h"

#include <cmath>

#include "base/file.h"
#include "base/text.h"
#include "cli/load.h"
#include "client/fields.h"
#include "client/server.h"
#include "data/parquet.h"

namespace slipway::cli {
namespace {

using client::items;
using client::member;
using client::number_or;
using client::text_or;

constexpr int kLoadClients = 4;
constexpr size_t kScoredRows = 5;
constexpr std::string_view kExperiment = "flights";
constexpr std::string_view kModel = "flight_delay";

std::string number_text(const Json& object, std::string_view key) {
  return short_number(number_or(object, key));
}

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "";
}

std::string top_text(const Json& column) {
  std::vector<std::string> parts;
  for (const auto& pair : items(column, "top")) {
    if (pair.is_array() && pair.get_array().size() == 2 && parts.size() < 3) {
      parts.push_back(std::string(pair.get_array()[0].get_string().c_str()).substr(0, 24));
    }
  }
  return join(parts, ", ");
}

// min, mean and max of a profile; of times they come as text.
std::string spread_text(const Json& column, std::string_view key) {
  const auto text = text_or(column, key);
  return text.empty() ? number_text(column, key) : text.substr(0, 10);
}

void say_profile(const TourGuide& guide, const Json& profile) {
  Listing listing{{{"column"},
                   {"type"},
                   {"missing", true},
                   {"min", true},
                   {"mean", true},
                   {"max", true},
                   {"top values"}},
                  {}};
  const double n_rows = number_or(profile, "n_rows");
  for (const auto& column : items(profile, "columns")) {
    const double n_missing = number_or(column, "missing");
    listing.rows.push_back({text_or(column, "name"), text_or(column, "type"),
                            n_missing > 0 ? percent(n_missing, n_rows) : "",
                            spread_text(column, "min"), spread_text(column, "mean"),
                            spread_text(column, "max"), top_text(column)});
  }
  guide.say(listing);
  guide.say(fmt::format("    {} rows", grouped(static_cast<uint64_t>(n_rows))));
}

// What train and tune both take.
std::vector<std::string> training_flags(const TourGuide& guide) {
  return {"--data",       "prepared/train.parquet",
          "--validation", "prepared/validation.parquet",
          "--test",       "prepared/test.parquet",
          "--label",      "late",
          "--weekday",    "year,month,day",
          "--drop",       "year",
          "--seed",       std::to_string(guide.options().seed),
          "--experiment", std::string(kExperiment)};
}

std::vector<std::string> with(std::vector<std::string> flags,
                              const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

std::vector<std::string> metric_row(std::string name, const Json& trained) {
  const auto& metrics = member(trained, "metrics");
  return {std::move(name),
          fmt::format("{:.4f}", number_or(metrics, "validation_auc")),
          fmt::format("{:.4f}", number_or(metrics, "test_auc")),
          fmt::format("{:.4f}", number_or(metrics, "test_log_loss")),
          fmt::format("{:.4f}", number_or(metrics, "test_accuracy")),
          fmt::format("{:.1f}", number_or(trained, "fit_seconds"))};
}

Listing metric_listing() {
  return {{{"model"},
           {"validation AUC", true},
           {"test AUC", true},
           {"test log loss", true},
           {"test accuracy", true},
           {"fit s", true}},
          {}};
}

}  // namespace

Result<void> load_step(TourGuide& guide) {
  guide.begin("load", "three tables: flights, the weather at each airport, the planes");
  JsonObject rows;
  for (const std::string file : {"flights.csv.zip", "weather.csv", "planes.csv"}) {
    const auto path = (guide.options().data / file).string();
    const auto profile = TRY(guide.run({"data", "profile", path}));
    say_profile(guide, profile);
    rows[file] = member(profile, "n_rows");
  }
  guide.end({{"rows", rows}});
  return {};
}

Result<void> prepare_step(TourGuide& guide) {
  guide.begin("prepare", "join, label arrivals of 15 minutes or more late, split 60/20/20");
  const auto summary = TRY(guide.run({"data", "prepare", "recipe.yaml", "--root",
                                      guide.options().data.string(), "--out", "prepared"}));
  Listing listing{{{"step"}, {"rows", true}, {"matched", true}, {"dropped", true}}, {}};
  for (const auto& step : items(summary, "steps")) {
    const auto count = [&](std::string_view key) {
      const auto* value = find(step, key);
      return value && value->is_number() ? grouped(value->to_number<uint64_t>()) : "";
    };
    listing.rows.push_back(
        {text_or(step, "step"), count("rows"), count("matched"), count("dropped")});
  }
  guide.say(listing);
  guide.end({{"summary", summary}});
  return {};
}

Result<void> train_step(TourGuide& guide, TourState& state) {
  guide.begin("train", "a logistic baseline and boosted trees, each logged as a run");
  const auto flags = training_flags(guide);
  const auto logistic =
      TRY(guide.run(with({"train", "--learner", "logistic", "--run-name", "logistic"}, flags)));
  const auto xgboost = TRY(guide.run(with(
      {"train", "--learner", "xgboost", "--run-name", "xgboost", "--param", "n_estimators=100"},
      flags)));
  auto listing = metric_listing();
  listing.rows = {metric_row("logistic", logistic), metric_row("xgboost", xgboost)};
  guide.say(listing);
  state.experiment_id = text_or(xgboost, "experiment_id");
  state.untuned_uri = text_or(xgboost, "model_uri");
  state.untuned_validation_auc = number_or(member(xgboost, "metrics"), "validation_auc");
  guide.end({{"logistic", logistic}, {"xgboost", xgboost}});
  return {};
}

Result<void> tune_step(TourGuide& guide, TourState& state) {
  guide.begin("tune", "trials in parallel on a sample, the best refitted on all");
  const auto tuned = TRY(guide.run(with(
      {"tune", "--space", "space.yaml", "--trials", std::to_string(guide.options().n_trials),
       "--parallelism", "2", "--algo", "tpe", "--sample", "30000", "--param", "n_estimators=60",
       "--run-name", "tuning", "--refit", "--refit-param", "n_estimators=150"},
      training_flags(guide))));
  Listing trials{{{"trial", true}, {"validation AUC", true}, {"seconds", true}, {"parameters"}},
                 {}};
  for (const auto& trial : items(tuned, "trials")) {
    std::vector<std::string> params;
    const auto* values = member(trial, "params").if_object();
    if (!values) continue;
    for (const auto& param : *values) {
      params.push_back(fmt::format("{}={}", std::string_view(param.key()),
                                   short_number(param.value().to_number<double>())));
    }
    const bool finished = text_or(trial, "state") == "finished";
    trials.rows.push_back(
        {number_text(trial, "number"),
         finished ? fmt::format("{:.4f}", number_or(trial, "value")) : text_or(trial, "state"),
         fmt::format("{:.1f}", number_or(trial, "seconds")), join(params, " ")});
  }
  guide.say(trials);
  const auto& refit = member(tuned, "refit");
  auto listing = metric_listing();
  listing.rows = {metric_row("refitted", refit)};
  guide.say(fmt::format("    best: trial {}", number_text(member(tuned, "best"), "number")));
  guide.say(listing);
  state.tuned_uri = text_or(refit, "model_uri");
  state.tuned_run_id = text_or(refit, "run_id");
  state.tuned_validation_auc = number_or(member(refit, "metrics"), "validation_auc");
  guide.end({{"study", tuned}});
  return {};
}

Result<void> register_step(TourGuide& guide, TourState& state) {
  guide.begin("register", "both models as versions, the better one to Production");
  const std::string name(kModel);
  TRY(guide.run({"models", "register", name, "--source", state.untuned_uri}));
  TRY(guide.run({"models", "transition", name, "1", "Production"}));
  TRY(guide.run({"models", "register", name, "--source", state.tuned_uri}));
  TRY(guide.run({"models", "transition", name, "2", "Production", "--archive"}));
  const auto versions = TRY(guide.run({"models", "versions", name}));
  Listing listing{{{"version", true}, {"stage"}, {"source"}}, {}};
  if (const auto* rows = versions.if_array()) {
    for (const auto& row : *rows) {
      const auto* number = find(row, "version");
      listing.rows.push_back(
          {number ? to_text(*number) : "", text_or(row, "stage"), text_or(row, "source")});
    }
  }
  guide.say(listing);
  guide.say(fmt::format("    validation AUC: untuned {:.4f}, tuned {:.4f}",
                        state.untuned_validation_auc, state.tuned_validation_auc));
  guide.end({{"versions", versions}});
  return {};
}

Result<void> predict_step(TourGuide& guide, TourState& state) {
  guide.begin("batch inference", "score the test rows with the Production version");
  const auto scored =
      TRY(guide.run({"predict", "--model", fmt::format("models:/{}/Production", kModel), "--data",
                     "prepared/test.parquet", "--out", "predictions.parquet", "--label", "late"}));
  state.test_auc = number_or(scored, "auc");
  guide.say(fmt::format(
      "    {} rows in {:.2f} s: {} rows/s, test AUC {:.4f}",
      grouped(static_cast<uint64_t>(number_or(scored, "rows"))), number_or(scored, "seconds"),
      grouped(static_cast<uint64_t>(number_or(scored, "rows_per_s"))), state.test_auc));
  guide.end({{"scored", scored}});
  return {};
}

namespace {

// The first rows of a table as a dataframe_split body, without the label.
Result<std::string> split_body(const std::filesystem::path& file) {
  const auto table = TRY(data::read_parquet(file));
  const auto rows = TRY(table.slice(0, kScoredRows).batch());
  JsonArray names;
  JsonArray data(rows.n_rows, JsonArray());
  for (const auto& column : rows.columns) {
    if (column.name == "late") continue;
    names.emplace_back(column.name);
    for (size_t row = 0; row < rows.n_rows; ++row) {
      auto& cells = data[row].get_array();
      if (!column.is_valid(row)) {
        cells.emplace_back(nullptr);
      } else if (column.type == data::Type::string) {
        cells.emplace_back(column.strings()[row]);
      } else if (column.type == data::Type::int64) {
        cells.emplace_back(column.int64s()[row]);
      } else {
        cells.emplace_back(column.number_at(row));
      }
    }
  }
  return to_text(JsonObject{{"dataframe_split", {{"columns", names}, {"data", data}}}});
}

}  // namespace

Result<void> serve_step(TourGuide& guide, TourState&) {
  guide.begin("deploy and score", "the Production version over REST, then two seconds of load");
  const auto token = TRY(guide.run({"tokens", "create", "--comment", "tour"}));
  TRY(guide.run({"endpoints", "enable", std::string(kModel)}));
  const auto body = TRY(split_body(guide.options().work / "prepared/test.parquet"));
  TRY(write_file(guide.options().work / "rows.json", body));
  const auto path = fmt::format("/model/{}/Production/invocations", kModel);
  guide.show(
      fmt::format("curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: "
                  "application/json' -d @rows.json {}{}",
                  guide.address(), path));
  auto server = TRY(client::Server::at(guide.address(), text_or(token, "token_value")));
  const auto answer = TRY(server.post_text(path, body, "application/json"));
  guide.say("    " + answer);
  const auto predictions = TRY(parse_json(answer));
  const auto url = TRY(http::parse_url(guide.address()));
  http::Request request;
  request.method = "POST";
  request.path = path;
  request.headers.add("Authorization", "Bearer " + text_or(token, "token_value"));
  request.headers.add("Content-Type", "application/json");
  request.body = body;
  const auto load = TRY(run_load(url, request, kLoadClients, guide.options().load_seconds));
  guide.say(fmt::format(
      "    {} clients, {} rows a request: {:.0f} requests/s, p50 {:.2f} ms, p99 "
      "{:.2f} ms, {} failed",
      kLoadClients, kScoredRows, load.requests_per_s(), load.p50_ms, load.p99_ms, load.n_failed));
  JsonObject results;
  results["predictions"] = member(predictions, "predictions");
  results["requests_per_s"] = load.requests_per_s();
  results["p50_ms"] = load.p50_ms;
  results["p99_ms"] = load.p99_ms;
  results["n_failed"] = load.n_failed;
  guide.end(std::move(results));
  return {};
}

}  // namespace slipway::cli
