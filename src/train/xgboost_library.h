// train/xgboost_library.h — libxgboost.so, opened at run time, and its functions that we call.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::train {

/// What frees a DMatrix or a Booster.
struct XgboostFree {
  int (*function)(void*) = nullptr;
  void operator()(void* handle) const { function(handle); }
};
using XgboostHandle = std::unique_ptr<void, XgboostFree>;

/// The library's C functions. A value: copies call the same library, which stays open.
/// Source   xgboost 3.2.0, include/xgboost/c_api.h (names, arguments and meaning).
struct XgboostLibrary {
  using Handle = void*;
  using Size = uint64_t;

  std::string path;     // where it was found
  std::string version;  // "3.2.0"

  void (*XGBoostVersion)(int* major, int* minor, int* patch) = nullptr;
  const char* (*XGBGetLastError)() = nullptr;
  int (*XGBRegisterLogCallback)(void (*callback)(const char*)) = nullptr;
  int (*XGDMatrixCreateFromDense)(const char* array, const char* config, Handle* out) = nullptr;
  int (*XGDMatrixSetInfoFromInterface)(Handle, const char* field, const char* array) = nullptr;
  int (*XGDMatrixSetStrFeatureInfo)(Handle, const char* field, const char** texts,
                                    Size size) = nullptr;
  int (*XGDMatrixFree)(Handle) = nullptr;
  int (*XGBoosterCreate)(const Handle matrices[], Size size, Handle* out) = nullptr;
  int (*XGBoosterFree)(Handle) = nullptr;
  int (*XGBoosterSetParam)(Handle, const char* name, const char* value) = nullptr;
  int (*XGBoosterSetStrFeatureInfo)(Handle, const char* field, const char** texts,
                                    Size size) = nullptr;
  int (*XGBoosterUpdateOneIter)(Handle, int round, Handle matrix) = nullptr;
  int (*XGBoosterPredictFromDMatrix)(Handle, Handle matrix, const char* config, const Size** shape,
                                     Size* n_dimensions, const float** values) = nullptr;
  int (*XGBoosterSlice)(Handle, int begin, int end, int step, Handle* out) = nullptr;
  int (*XGBoosterFeatureScore)(Handle, const char* config, Size* n_features, const char*** features,
                               Size* n_dimensions, const Size** shape,
                               const float** scores) = nullptr;
  int (*XGBoosterSaveModelToBuffer)(Handle, const char* config, Size* size,
                                    const char** bytes) = nullptr;

  /// Open the library: the file that SLIPWAY_XGBOOST names (then no other), else
  /// lib/libxgboost.so beside the program, ../lib/libxgboost.so, or the system loader's.
  ///
  /// Errors   not_implemented: not found, older than 2.0, or not XGBoost; says what was looked for
  ///          and how to get it.
  static Result<XgboostLibrary> open();

  /// Turn what a call returned into an error with the library's message.
  /// Errors   internal_error: `status` is not 0.
  Result<void> checked(int status, std::string_view doing) const;

  XgboostHandle matrix(Handle handle) const { return {handle, XgboostFree{XGDMatrixFree}}; }
  XgboostHandle booster(Handle handle) const { return {handle, XgboostFree{XGBoosterFree}}; }
};

}  // namespace slipway::train
