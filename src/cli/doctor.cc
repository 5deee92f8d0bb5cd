#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "cli/command_list.h"
#include "data/table.h"
#include "train/xgboost_library.h"

namespace slipway::cli {
namespace {

struct Finding {
  std::string part;
  bool there = false;
  std::string detail;  // where it is, or how to get it
  std::string used_for;
};

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path ? path : "", ':')) {
    const auto file = std::filesystem::path(folder) / name;
    if (access(file.c_str(), X_OK) == 0) return file.string();
  }
  return "";
}

Finding program(const std::string& name, std::string used_for, std::string how) {
  auto path = find_program(name);
  const bool there = !path.empty();
  return {name, there, there ? std::move(path) : std::move(how), std::move(used_for)};
}

Finding xgboost() {
  const auto library = train::XgboostLibrary::open();
  const std::string detail = library.ok() ? fmt::format("{} at {}", library->version, library->path)
                                          : library.error().message;
  return {"XGBoost", library.ok(), detail, "train --learner xgboost, tune (not for scoring)"};
}

std::vector<Finding> look() {
  std::vector<Finding> findings;
  findings.push_back({"Arrow, Parquet", true, data::arrow_version(), "tables"});
  findings.push_back(xgboost());
  findings.push_back(program("python3", "loading models with mlflow.pyfunc",
                             "apt install python3 (the server needs none)"));
  findings.push_back(program("git", "the commit that a run was trained at", "apt install git"));
  return findings;
}

}  // namespace

Result<int> doctor(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  flags.format(format);
  TRY(flags.parse());
  Listing listing{{{"part"}, {"state"}, {"detail"}, {"used for"}}, {}};
  for (const auto& finding : look()) {
    listing.rows.push_back(
        {finding.part, finding.there ? "found" : "missing", finding.detail, finding.used_for});
  }
  print(listing, format);
  return 0;
}

}  // namespace slipway::cli
