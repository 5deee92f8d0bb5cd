// models/onnx/runtime_library.h — libonnxruntime.so, opened at run time, and what we call of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace slipway::models::onnx {

/// ONNX Runtime's C functions: a table to which later versions only append. A value: copies call
/// the same library, which stays open.
/// Source   onnxruntime 1.23, onnxruntime_c_api.h (OrtApi: places, names and arguments).
struct RuntimeLibrary {
  using Handle = void*;  // OrtEnv, OrtSession, OrtValue, …
  using Status = void*;  // null: it went well

  std::string path;     // where it was found
  std::string version;  // "1.32.0"

  const char* (*GetErrorMessage)(Status) = nullptr;
  Status (*CreateEnv)(int level, const char* name, Handle* out) = nullptr;
  Status (*CreateSession)(Handle env, const char* path, Handle options, Handle* out) = nullptr;
  Status (*Run)(Handle session, Handle options, const char* const* input_names,
                const Handle* inputs, size_t n_inputs, const char* const* output_names,
                size_t n_outputs, Handle* outputs) = nullptr;
  Status (*CreateSessionOptions)(Handle* out) = nullptr;
  Status (*SetSessionExecutionMode)(Handle options, int mode) = nullptr;
  Status (*SetSessionGraphOptimizationLevel)(Handle options, int level) = nullptr;
  Status (*SetIntraOpNumThreads)(Handle options, int n) = nullptr;
  Status (*SetInterOpNumThreads)(Handle options, int n) = nullptr;
  Status (*AddSessionConfigEntry)(Handle options, const char* key, const char* value) = nullptr;
  Status (*SessionGetInputCount)(Handle session, size_t* out) = nullptr;
  Status (*SessionGetOutputCount)(Handle session, size_t* out) = nullptr;
  Status (*SessionGetInputTypeInfo)(Handle session, size_t i, Handle* out) = nullptr;
  Status (*SessionGetOutputTypeInfo)(Handle session, size_t i, Handle* out) = nullptr;
  Status (*SessionGetInputName)(Handle session, size_t i, Handle allocator, char** out) = nullptr;
  Status (*SessionGetOutputName)(Handle session, size_t i, Handle allocator, char** out) = nullptr;
  Status (*CreateTensorAsOrtValue)(Handle allocator, const int64_t* shape, size_t rank, int type,
                                   Handle* out) = nullptr;
  Status (*CreateTensorWithDataAsOrtValue)(Handle memory, void* data, size_t size_bytes,
                                           const int64_t* shape, size_t rank, int type,
                                           Handle* out) = nullptr;
  Status (*GetTensorMutableData)(Handle value, void** out) = nullptr;
  Status (*FillStringTensor)(Handle value, const char* const* texts, size_t n) = nullptr;
  Status (*GetStringTensorDataLength)(Handle value, size_t* out) = nullptr;
  Status (*GetStringTensorContent)(Handle value, void* bytes, size_t n_bytes, size_t* starts,
                                   size_t n_starts) = nullptr;
  Status (*CastTypeInfoToTensorInfo)(Handle type, Handle* out) = nullptr;
  Status (*GetTensorElementType)(Handle info, int* out) = nullptr;
  Status (*GetDimensionsCount)(Handle info, size_t* out) = nullptr;
  Status (*GetDimensions)(Handle info, int64_t* out, size_t n) = nullptr;
  Status (*GetTensorTypeAndShape)(Handle value, Handle* out) = nullptr;
  Status (*GetValueType)(Handle value, int* out) = nullptr;
  Status (*CreateCpuMemoryInfo)(int allocator, int memory, Handle* out) = nullptr;
  Status (*AllocatorFree)(Handle allocator, void* memory) = nullptr;
  Status (*GetAllocatorWithDefaultOptions)(Handle* out) = nullptr;
  Status (*GetValue)(Handle value, int i, Handle allocator, Handle* out) = nullptr;
  Status (*GetValueCount)(Handle value, size_t* out) = nullptr;
  Status (*GetAvailableProviders)(char*** out, int* n) = nullptr;
  Status (*ReleaseAvailableProviders)(char** names, int n) = nullptr;
  Status (*AppendTensorRt)(Handle options, Handle provider) = nullptr;
  Status (*CreateTensorRtOptions)(Handle* out) = nullptr;
  Status (*AppendCuda)(Handle options, Handle provider) = nullptr;
  Status (*CreateCudaOptions)(Handle* out) = nullptr;
  void (*ReleaseStatus)(Status) = nullptr;
  void (*ReleaseSession)(Handle) = nullptr;
  void (*ReleaseValue)(Handle) = nullptr;
  void (*ReleaseTypeInfo)(Handle) = nullptr;
  void (*ReleaseTensorTypeAndShapeInfo)(Handle) = nullptr;
  void (*ReleaseSessionOptions)(Handle) = nullptr;
  void (*ReleaseTensorRtOptions)(Handle) = nullptr;
  void (*ReleaseCudaOptions)(Handle) = nullptr;

  /// Open the library: the file that SLIPWAY_ONNXRUNTIME names (then no other), else
  /// lib/libonnxruntime.so (or .so.1, …) beside the program, ../lib, or the system loader's.
  ///
  /// Errors   not_implemented: not found, older than 1.16, or not ONNX Runtime; says what was
  ///          looked for and how to get it.
  static Result<RuntimeLibrary> open();

  /// Turn what a call returned into an error with the library's message, and free it.
  /// Errors   `code`: `status` is not null.
  Result<void> checked(Status status, Code code, std::string_view doing) const;
};

}  // namespace slipway::models::onnx
