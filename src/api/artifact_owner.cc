#include "api/artifact_owner.h"

#include <algorithm>

#include "api/artifact_uri.h"
#include "base/text.h"
#include "files/path.h"
#include "store/experiments.h"

namespace slipway::api {
namespace {

constexpr std::string_view kOwn = "mlflow-artifacts:";

struct Place {
  std::string experiment_id;
  files::Path folder;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// The experiments whose files were put at a place of their own choice.
Result<std::vector<Place>> chosen_places(store::Store& store) {
  const auto locations =
      TRY(store.read([](db::Connection& c) { return store::artifact_locations(c, kOwn); }));
  std::vector<Place> places;
  for (const auto& [experiment_id, location] : locations) {
    const auto path = own_artifact_path(location);
    if (!path) continue;
    auto folder = files::Path::parse(*path);
    if (!folder.ok() || folder->text() == experiment_id) continue;
    places.push_back({experiment_id, *std::move(folder)});
  }
  return places;
}

}  // namespace

std::optional<std::string> own_artifact_path(std::string_view uri) {
  if (!lower(uri.substr(0, kOwn.size())).starts_with(kOwn)) return std::nullopt;
  auto path = uri.substr(kOwn.size());
  if (path.starts_with("//")) {
    path.remove_prefix(2);
    path.remove_prefix(std::min(path.find('/'), path.size()));
  }
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path);
}

Result<std::string> owner_of_artifact(std::string_view text, store::Store& store) {
  const auto path = TRY(asked_path(text));
  if (path.is_root()) return std::string();
  const auto first = path.segments().front();
  if (is_number(first)) {
    const auto number = to_integer(first);
    return number ? std::to_string(*number) : std::string();
  }
  const auto places = TRY(chosen_places(store));
  const Place* highest = nullptr;
  for (const auto& place : places) {
    if (!path.is_within(place.folder)) continue;
    if (!highest || place.folder.text().size() < highest->folder.text().size()) highest = &place;
  }
  return highest ? highest->experiment_id : std::string();
}

Result<std::vector<std::string>> owners_around(std::string_view uri, store::Store& store) {
  std::vector<std::string> owners;
  const auto text = own_artifact_path(uri);
  if (!text) return owners;
  const auto path = TRY(files::Path::parse(*text));
  if (path.is_root()) return std::vector<std::string>{""};
  const auto first = path.segments().front();
  if (is_number(first)) {
    const auto number = to_integer(first);
    owners.push_back(number ? std::to_string(*number) : "");
  }
  const auto places = TRY(chosen_places(store));
  for (const auto& place : places) {
    if (path.is_within(place.folder) || place.folder.is_within(path)) {
      owners.push_back(place.experiment_id);
    }
  }
  return owners;
}

}  // namespace slipway::api
