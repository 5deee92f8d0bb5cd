#include "models/onnx/runtime_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/text.h"

namespace slipway::models::onnx {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHowToGet =
    "`pip install onnxruntime` brings it: copy capi/libonnxruntime.so.* to lib/ beside slipway, or "
    "set SLIPWAY_ONNXRUNTIME to its path";
constexpr uint32_t kApiVersion = 16;  // the first that has all that is called

/// What the library exports: OrtApiBase.
struct ApiBase {
  const void* (*get_api)(uint32_t version);
  const char* (*get_version)();
};

std::vector<std::string> places_to_look() {
  if (const char* given = std::getenv("SLIPWAY_ONNXRUNTIME"); given != nullptr && *given != '\0') {
    return {given};
  }
  std::vector<std::string> out;
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  for (const auto& folder : {program.parent_path() / "lib", program.parent_path() / "../lib"}) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().filename().string().starts_with("libonnxruntime.so")) {
        found.push_back(entry.path());
      }
    }
    std::ranges::sort(found);
    out.insert(out.end(), found.begin(), found.end());
  }
  out.emplace_back("libonnxruntime.so.1");
  out.emplace_back("libonnxruntime.so");
  return out;
}

template <typename Function>
void take(const void* table, size_t place, Function& out) {
  std::memcpy(&out, static_cast<const char*>(table) + place * sizeof(void*), sizeof out);
}

void take_functions(const void* table, RuntimeLibrary& out) {
  take(table, 2, out.GetErrorMessage);
  take(table, 3, out.CreateEnv);
  take(table, 7, out.CreateSession);
  take(table, 9, out.Run);
  take(table, 10, out.CreateSessionOptions);
  take(table, 13, out.SetSessionExecutionMode);
  take(table, 23, out.SetSessionGraphOptimizationLevel);
  take(table, 24, out.SetIntraOpNumThreads);
  take(table, 25, out.SetInterOpNumThreads);
  take(table, 30, out.SessionGetInputCount);
  take(table, 31, out.SessionGetOutputCount);
  take(table, 33, out.SessionGetInputTypeInfo);
  take(table, 34, out.SessionGetOutputTypeInfo);
  take(table, 36, out.SessionGetInputName);
  take(table, 37, out.SessionGetOutputName);
  take(table, 48, out.CreateTensorAsOrtValue);
  take(table, 49, out.CreateTensorWithDataAsOrtValue);
  take(table, 51, out.GetTensorMutableData);
  take(table, 52, out.FillStringTensor);
  take(table, 53, out.GetStringTensorDataLength);
  take(table, 54, out.GetStringTensorContent);
  take(table, 55, out.CastTypeInfoToTensorInfo);
  take(table, 60, out.GetTensorElementType);
  take(table, 61, out.GetDimensionsCount);
  take(table, 62, out.GetDimensions);
  take(table, 65, out.GetTensorTypeAndShape);
  take(table, 67, out.GetValueType);
  take(table, 69, out.CreateCpuMemoryInfo);
  take(table, 76, out.AllocatorFree);
  take(table, 78, out.GetAllocatorWithDefaultOptions);
  take(table, 80, out.GetValue);
  take(table, 81, out.GetValueCount);
  take(table, 93, out.ReleaseStatus);
  take(table, 95, out.ReleaseSession);
  take(table, 96, out.ReleaseValue);
  take(table, 98, out.ReleaseTypeInfo);
  take(table, 99, out.ReleaseTensorTypeAndShapeInfo);
  take(table, 100, out.ReleaseSessionOptions);
  take(table, 125, out.GetAvailableProviders);
  take(table, 126, out.ReleaseAvailableProviders);
  take(table, 130, out.AddSessionConfigEntry);
  take(table, 170, out.AppendTensorRt);
  take(table, 171, out.CreateTensorRtOptions);
  take(table, 174, out.ReleaseTensorRtOptions);
  take(table, 204, out.AppendCuda);
  take(table, 205, out.CreateCudaOptions);
  take(table, 208, out.ReleaseCudaOptions);
}

}  // namespace

Result<RuntimeLibrary> RuntimeLibrary::open() {
  std::vector<std::string> tried;
  for (const auto& path : places_to_look()) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
      tried.emplace_back(dlerror());
      continue;
    }
    const ApiBase* (*get_base)() = nullptr;
    void* found = dlsym(library, "OrtGetApiBase");
    if (found == nullptr) {
      return fail(Code::not_implemented, "{} has no function OrtGetApiBase: it is not ONNX Runtime",
                  path);
    }
    std::memcpy(&get_base, &found, sizeof get_base);
    const auto* base = get_base();
    RuntimeLibrary out;
    out.path = path;
    out.version = base->get_version();
    const void* table = base->get_api(kApiVersion);
    if (table == nullptr) {
      return fail(Code::not_implemented, "{} is ONNX Runtime {}; 1.{} or later is needed; {}", path,
                  out.version, kApiVersion, kHowToGet);
    }
    take_functions(table, out);
    return out;
  }
  return fail(Code::not_implemented, "ONNX Runtime is not installed (looked for: {}); {}",
              join(tried, "; "), kHowToGet);
}

Result<void> RuntimeLibrary::checked(Status status, Code code, std::string_view doing) const {
  if (status == nullptr) return {};
  const std::string message = GetErrorMessage(status);
  ReleaseStatus(status);
  return fail(code, "ONNX Runtime failed to {}: {}", doing, trim(message));
}

}  // namespace slipway::models::onnx
