#include "api/collect.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/place.h"
#include "files/open_artifacts.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kRetention = "30d";
constexpr int64_t kNoLimitMs = INT64_MAX / 2;

struct GcFlags {
  std::string older_than;
  std::string run_ids;
  std::string experiment_ids;
  std::string model_ids;
  PlaceFlags place;
  std::string artifacts;
  bool is_dry = false;
  Format format = Format::table;

  void declare(Flags& flags) {
    flags.text(older_than, "--older-than",
               "Free what was deleted this long ago, such as 1d2h3m4s [30d, or any age of named]");
    flags.text(run_ids, "--run-ids", "Only these runs: ID,ID,…");
    flags.text(experiment_ids, "--experiment-ids", "Only these experiments and all in them");
    flags.text(model_ids, "--logged-model-ids", "Only these logged models");
    flags.on(is_dry, "--dry-run", "Count, and free nothing");
    place.declare(flags);
    flags.text(artifacts, "--artifacts", "With --data-dir: as the server was given it");
    flags.format(format);
  }

  bool names_nothing() const {
    return run_ids.empty() && experiment_ids.empty() && model_ids.empty();
  }
};

JsonArray json_list(const std::string& ids) {
  JsonArray list;
  for (const auto& id : split(ids, ',')) list.push_back(Json(id));
  return list;
}

Result<JsonObject> free_in_folder(const GcFlags& flags) {
  const auto store = TRY(flags.place.store());
  const auto artifacts = TRY(files::open_artifacts(flags.artifacts, flags.place.data_dir));
  const auto request =
      TRY(api::gc_request(flags.older_than, split(flags.run_ids, ','),
                          split(flags.experiment_ids, ','), split(flags.model_ids, ',')));
  const auto freed = flags.is_dry ? api::count_collectable(*store, request)
                                  : api::collect(*store, *artifacts, request, kNoLimitMs);
  if (!freed.ok()) return freed.error();
  return freed->json();
}

int64_t count(const JsonObject& answer, std::string_view name) {
  const auto found = answer.find({name.data(), name.size()});
  return found != answer.end() && found->value().is_int64() ? found->value().get_int64() : 0;
}

// A server frees for some seconds a request; after the first, what is named may be gone already.
Result<JsonObject> free_at_server(const GcFlags& flags) {
  auto server = TRY(flags.place.server());
  JsonObject sum{{"runs", 0}, {"logged_models", 0}, {"experiments", 0}, {"artifact_folders", 0}};
  JsonArray left;
  for (bool again = false;; again = true) {
    const JsonObject body{{"older_than", flags.older_than},
                          {"run_ids", json_list(flags.run_ids)},
                          {"experiment_ids", json_list(flags.experiment_ids)},
                          {"logged_model_ids", json_list(flags.model_ids)},
                          {"ignore_missing", again},
                          {"dry_run", flags.is_dry}};
    const auto answer = TRY(server.post("/api/2.0/slipway/gc", body));
    const auto& part = answer.get_object();
    for (auto& member : sum) {
      const std::string_view name(member.key().data(), member.key().size());
      member.value() = count(sum, name) + count(part, name);
    }
    for (const auto& address : part.at("left_files").get_array()) left.push_back(address);
    if (part.at("done").get_bool()) break;
  }
  sum["left_files"] = std::move(left);
  return sum;
}

}  // namespace

Result<int> gc(Invocation& call) {
  GcFlags options;
  Flags flags(call);
  options.declare(flags);
  TRY(flags.parse());
  if (options.older_than.empty() && options.names_nothing()) options.older_than = kRetention;
  const auto freed = options.place.in_folder() ? free_in_folder(options) : free_at_server(options);
  if (!freed.ok()) return freed.error();
  if (options.format == Format::json) {
    print(Json(*freed));
    return 0;
  }
  print_line(fmt::format(
      "{} {} runs, {} logged models, {} experiments{}", options.is_dry ? "would free" : "freed",
      count(*freed, "runs"), count(*freed, "logged_models"), count(*freed, "experiments"),
      options.is_dry
          ? ""
          : fmt::format(" and {} folders of artifacts", count(*freed, "artifact_folders"))));
  for (const auto& address : freed->at("left_files").get_array()) {
    print_line(fmt::format("left: {} (not kept by this server)", address.get_string().c_str()));
  }
  return 0;
}

}  // namespace slipway::cli
