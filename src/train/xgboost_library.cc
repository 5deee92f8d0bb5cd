#include "train/xgboost_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/log.h"
#include "base/text.h"

namespace slipway::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHowToGet =
    "`make setup` puts it beside the program; or run `pip install xgboost-cpu` and set "
    "SLIPWAY_XGBOOST to its xgboost/lib/libxgboost.so";

std::vector<std::string> places_to_look() {
  if (const char* given = std::getenv("SLIPWAY_XGBOOST"); given != nullptr && *given != '\0') {
    return {given};
  }
  std::vector<std::string> out;
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    out.push_back(program.parent_path() / "lib/libxgboost.so");
    out.push_back((program.parent_path() / "../lib/libxgboost.so").lexically_normal());
  }
  out.push_back("libxgboost.so");
  return out;
}

/// The wheel's library asks for its own copy of libgomp by a name that only a sibling has: once
/// such a sibling is open, the loader finds it by that name.
void open_openmp_beside(const fs::path& library) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(library.parent_path(), error)) {
    if (entry.path().filename().string().starts_with("libgomp")) {
      dlopen(entry.path().c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    }
  }
}

/// OpenMP's threads spin while they wait, which makes a busy machine many times slower: let them
/// sleep, unless the user says otherwise. OpenMP looks once, when it is loaded.
void let_threads_sleep() { setenv("OMP_WAIT_POLICY", "passive", 0); }

template <typename Function>
bool find_function(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

/// The name of a function that is not there, or "".
std::string_view missing_function(void* library, XgboostLibrary& out) {
#define FIND(name) \
  if (!find_function(library, #name, out.name)) return #name
  FIND(XGBoostVersion);
  FIND(XGBGetLastError);
  FIND(XGBRegisterLogCallback);
  FIND(XGDMatrixCreateFromDense);
  FIND(XGDMatrixSetInfoFromInterface);
  FIND(XGDMatrixSetStrFeatureInfo);
  FIND(XGDMatrixFree);
  FIND(XGBoosterCreate);
  FIND(XGBoosterFree);
  FIND(XGBoosterSetParam);
  FIND(XGBoosterSetStrFeatureInfo);
  FIND(XGBoosterUpdateOneIter);
  FIND(XGBoosterPredictFromDMatrix);
  FIND(XGBoosterSlice);
  FIND(XGBoosterFeatureScore);
  FIND(XGBoosterSaveModelToBuffer);
#undef FIND
  return "";
}

}  // namespace

Result<XgboostLibrary> XgboostLibrary::open() {
  let_threads_sleep();
  std::vector<std::string> tried;
  for (const auto& path : places_to_look()) {
    open_openmp_beside(path);
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
      tried.emplace_back(dlerror());
      continue;
    }
    XgboostLibrary out;
    if (const auto missing = missing_function(library, out); !missing.empty()) {
      return fail(Code::not_implemented,
                  "{} has no function {}: it is not XGBoost 2.0 or later; {}", path, missing,
                  kHowToGet);
    }
    int major = 0, minor = 0, patch = 0;
    out.XGBoostVersion(&major, &minor, &patch);
    out.path = path;
    out.version = fmt::format("{}.{}.{}", major, minor, patch);
    if (major < 2) {
      return fail(Code::not_implemented, "{} is XGBoost {}; 2.0 or later is needed; {}", path,
                  out.version, kHowToGet);
    }
    out.XGBRegisterLogCallback(
        [](const char* message) { log_line(Level::warning, trim(message)); });
    return out;
  }
  return fail(Code::not_implemented, "the XGBoost library is not installed (looked for: {}); {}",
              join(tried, "; "), kHowToGet);
}

Result<void> XgboostLibrary::checked(int status, std::string_view doing) const {
  if (status == 0) return {};
  const std::string_view message = XGBGetLastError();
  return fail(Code::internal_error, "XGBoost failed to {}: {}", doing,
              trim(message.substr(0, message.find("Stack trace"))));
}

}  // namespace slipway::train
