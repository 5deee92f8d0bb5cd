#include "models/onnx/runtime.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"
#include "base/text.h"
#include "models/onnx/runtime_library.h"

namespace slipway::models::onnx {
namespace {

using Handle = RuntimeLibrary::Handle;

constexpr int kError = 3;     // ORT_LOGGING_LEVEL_ERROR
constexpr int kTensor = 1;    // ONNX_TYPE_TENSOR
constexpr int kSequence = 2;  // ONNX_TYPE_SEQUENCE
constexpr int kMap = 3;       // ONNX_TYPE_MAP

/// Frees a handle with the library's own function.
class Owned {
 public:
  explicit Owned(void (*release)(Handle)) : release_(release) {}
  Owned(Owned&& other) noexcept
      : release_(other.release_), handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&&) = delete;
  ~Owned() {
    if (handle_ != nullptr) release_(handle_);
  }
  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }

 private:
  void (*release_)(Handle);
  Handle handle_ = nullptr;
};

struct ProviderRow {
  std::string_view short_name;
  std::string_view name;
};
constexpr ProviderRow kProviders[] = {{"cpu", "CPUExecutionProvider"},
                                      {"cuda", "CUDAExecutionProvider"},
                                      {"tensorrt", "TensorrtExecutionProvider"}};

}  // namespace

struct Session::State {
  RuntimeLibrary library;
  Handle env = nullptr;  // one for the process, which stays
  Handle allocator = nullptr;
  Handle memory = nullptr;
  Owned session;
  std::vector<Port> inputs;
  std::vector<Port> outputs;

  explicit State(RuntimeLibrary opened)
      : library(std::move(opened)), session(library.ReleaseSession) {}

  Result<void> checked(void* status, std::string_view doing,
                       Code code = Code::internal_error) const {
    return library.checked(status, code, doing);
  }

  Result<std::vector<std::string>> available() const {
    char** names = nullptr;
    int n = 0;
    TRY(checked(library.GetAvailableProviders(&names, &n), "list its providers"));
    std::vector<std::string> out(names, names + n);
    TRY(checked(library.ReleaseAvailableProviders(names, n), "list its providers"));
    return out;
  }

  Result<void> append(Handle options, const std::string& provider) const {
    const auto doing = "start " + provider;
    const auto code = Code::invalid_parameter_value;
    if (provider == kProviders[1].name) {
      Owned cuda(library.ReleaseCudaOptions);
      TRY(checked(library.CreateCudaOptions(cuda.out()), doing, code));
      return checked(library.AppendCuda(options, cuda.get()), doing, code);
    }
    Owned tensorrt(library.ReleaseTensorRtOptions);
    TRY(checked(library.CreateTensorRtOptions(tensorrt.out()), doing, code));
    return checked(library.AppendTensorRt(options, tensorrt.get()), doing, code);
  }

  // As MLflow: providers that are not there, or do not start, are passed over unless asked for.
  Result<void> add_providers(Handle options, const SessionSettings& settings) const {
    const auto there = TRY(available());
    for (const auto& provider : settings.providers) {
      if (provider == kProviders[0].name) break;  // it comes last by itself
      const bool known = provider == kProviders[1].name || provider == kProviders[2].name;
      auto added = Result<void>();
      if (!known || std::ranges::find(there, provider) == there.end()) {
        added = fail(Code::invalid_parameter_value,
                     "{} is not in this ONNX Runtime ({}), which has {}: `pip install "
                     "onnxruntime-gpu` brings CUDA's and TensorRT's",
                     provider, library.path, join(there, ", "));
      } else {
        added = append(options, provider);
      }
      if (added.ok()) continue;
      if (settings.missing_provider == SessionSettings::Missing::refuse) return added.error();
      if (std::ranges::find(there, provider) == there.end()) continue;  // MLflow names CUDA always
      log(Level::warning, "{}; going on without it", added.error().message);
    }
    return {};
  }

  Result<void> set_options(Handle options, const SessionSettings& settings) const {
    const auto doing = "set its options";
    if (settings.intra_op_threads > 0) {
      TRY(checked(library.SetIntraOpNumThreads(options, settings.intra_op_threads), doing));
    }
    if (settings.inter_op_threads > 0) {
      TRY(checked(library.SetInterOpNumThreads(options, settings.inter_op_threads), doing));
    }
    if (settings.parallel) TRY(checked(library.SetSessionExecutionMode(options, 1), doing));
    if (settings.optimization_level >= 0) {
      TRY(checked(library.SetSessionGraphOptimizationLevel(options, settings.optimization_level),
                  doing));
    }
    for (const auto& [key, value] : settings.entries) {
      TRY(checked(library.AddSessionConfigEntry(options, key.c_str(), value.c_str()), doing));
    }
    return {};
  }

  Result<Port> port(Handle type, char* name) const {
    Port out;
    out.name = name;
    library.ReleaseStatus(library.AllocatorFree(allocator, name));
    Handle info = nullptr;  // borrowed from `type`
    TRY(checked(library.CastTypeInfoToTensorInfo(type, &info), "describe the model"));
    if (info == nullptr) return out;
    int element = 0;
    size_t rank = 0;
    TRY(checked(library.GetTensorElementType(info, &element), "describe the model"));
    TRY(checked(library.GetDimensionsCount(info, &rank), "describe the model"));
    out.element = static_cast<Element>(element);
    out.shape.emplace(rank, -1);
    TRY(checked(library.GetDimensions(info, out.shape->data(), rank), "describe the model"));
    return out;
  }

  template <typename Count, typename Type, typename Name>
  Result<std::vector<Port>> ports(Count count_of, Type type_of, Name name_of) const {
    size_t n = 0;
    std::vector<Port> out;
    TRY(checked(count_of(session.get(), &n), "describe the model"));
    for (size_t i = 0; i < n; ++i) {
      Owned type(library.ReleaseTypeInfo);
      char* name = nullptr;
      TRY(checked(type_of(session.get(), i, type.out()), "describe the model"));
      TRY(checked(name_of(session.get(), i, allocator, &name), "describe the model"));
      auto made = TRY(port(type.get(), name));
      out.push_back(std::move(made));
    }
    return out;
  }

  Result<Owned> value_of(const Tensor& tensor) const {
    Owned out(library.ReleaseValue);
    const auto element = static_cast<int>(tensor.element());
    if (const auto* texts = tensor.as<std::string>()) {
      std::vector<const char*> pointers;
      for (const auto& text : *texts) pointers.push_back(text.c_str());
      TRY(checked(library.CreateTensorAsOrtValue(allocator, tensor.shape.data(), tensor.rank(),
                                                 element, out.out()),
                  "take the rows"));
      TRY(checked(library.FillStringTensor(out.get(), pointers.data(), pointers.size()),
                  "take the rows"));
      return out;
    }
    const auto [data, size] = std::visit(
        [](const auto& values) {
          return std::pair(static_cast<const void*>(values.data()),
                           values.size() * sizeof(values[0]));
        },
        tensor.values);
    // it only reads inputs
    TRY(checked(library.CreateTensorWithDataAsOrtValue(memory, const_cast<void*>(data), size,
                                                       tensor.shape.data(), tensor.rank(), element,
                                                       out.out()),
                "take the rows"));
    return out;
  }

  template <typename T>
  Result<void> copy(Handle value, size_t n, Tensor::Values& out) const {
    void* data = nullptr;
    TRY(checked(library.GetTensorMutableData(value, &data), "give its outputs"));
    std::vector<T> values(n);
    if (n > 0) std::memcpy(values.data(), data, n * sizeof(T));
    out = std::move(values);
    return {};
  }

  Result<void> copy_texts(Handle value, size_t n, Tensor::Values& out) const {
    size_t size = 0;
    TRY(checked(library.GetStringTensorDataLength(value, &size), "give its outputs"));
    std::string bytes(size, '\0');
    std::vector<size_t> starts(n);
    TRY(checked(library.GetStringTensorContent(value, bytes.data(), size, starts.data(), n),
                "give its outputs"));
    starts.push_back(size);
    std::vector<std::string> texts;
    for (size_t i = 0; i < n; ++i) {
      texts.push_back(bytes.substr(starts[i], starts[i + 1] - starts[i]));
    }
    out = std::move(texts);
    return {};
  }

  Result<Tensor> tensor_of_value(Handle value) const {
    Owned info(library.ReleaseTensorTypeAndShapeInfo);
    TRY(checked(library.GetTensorTypeAndShape(value, info.out()), "give its outputs"));
    int element = 0;
    size_t rank = 0;
    TRY(checked(library.GetTensorElementType(info.get(), &element), "give its outputs"));
    TRY(checked(library.GetDimensionsCount(info.get(), &rank), "give its outputs"));
    Tensor out;
    out.shape.resize(rank);
    TRY(checked(library.GetDimensions(info.get(), out.shape.data(), rank), "give its outputs"));
    const size_t n = TRY(count(out.shape));
    switch (static_cast<Element>(element)) {
      case Element::float32: TRY(copy<float>(value, n, out.values)); break;
      case Element::float64: TRY(copy<double>(value, n, out.values)); break;
      case Element::int64: TRY(copy<int64_t>(value, n, out.values)); break;
      case Element::int32: TRY(copy<int32_t>(value, n, out.values)); break;
      case Element::boolean: TRY(copy<uint8_t>(value, n, out.values)); break;
      case Element::string: TRY(copy_texts(value, n, out.values)); break;
      default:
        return fail(Code::not_implemented, "an output of {} cannot be given",
                    element_name(static_cast<Element>(element)));
    }
    return out;
  }

  // A ZipMap's output: a map for each row, all with the same keys.
  Result<Tensor> matrix_of_maps(Handle sequence, Port& port) const {
    size_t n_rows = 0;
    TRY(checked(library.GetValueCount(sequence, &n_rows), "give its outputs"));
    std::vector<float> values;
    for (size_t i = 0; i < n_rows; ++i) {
      Owned map(library.ReleaseValue);
      TRY(checked(library.GetValue(sequence, static_cast<int>(i), allocator, map.out()),
                  "give its outputs"));
      int type = 0;
      TRY(checked(library.GetValueType(map.get(), &type), "give its outputs"));
      if (type != kMap) return fail(Code::not_implemented, "a sequence of tensors cannot be given");
      Owned keys(library.ReleaseValue);
      Owned cells(library.ReleaseValue);
      TRY(checked(library.GetValue(map.get(), 0, allocator, keys.out()), "give its outputs"));
      TRY(checked(library.GetValue(map.get(), 1, allocator, cells.out()), "give its outputs"));
      const auto key_tensor = TRY(tensor_of_value(keys.get()));
      const auto cell_tensor = TRY(tensor_of_value(cells.get()));
      std::vector<std::string> names;
      if (const auto* texts = key_tensor.as<std::string>()) {
        names = *texts;
      } else {
        for (const int64_t key : numbers<int64_t>(key_tensor)) names.push_back(std::to_string(key));
      }
      if (i == 0) port.keys = names;
      if (names != port.keys || cell_tensor.size() != names.size()) {
        return fail(Code::not_implemented, "maps with different keys cannot be given");
      }
      for (const float cell : numbers<float>(cell_tensor)) values.push_back(cell);
    }
    const auto width = static_cast<int64_t>(port.keys.size());
    return Tensor{{static_cast<int64_t>(n_rows), width}, std::move(values)};
  }

  Result<Tensor> output_of(Handle value, Port& port) const {
    int type = 0;
    TRY(checked(library.GetValueType(value, &type), "give its outputs"));
    if (type == kTensor) return tensor_of_value(value);
    if (type == kSequence) return matrix_of_maps(value, port);
    return fail(Code::not_implemented, "output '{}' is no tensor", port.name);
  }
};

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;
const std::vector<Port>& Session::inputs() const { return state_->inputs; }
const std::vector<Port>& Session::outputs() const { return state_->outputs; }

Result<std::unique_ptr<Session>> Session::open(const std::filesystem::path& model,
                                               const SessionSettings& settings) {
  auto library = TRY(RuntimeLibrary::open());
  auto state = std::make_unique<State>(std::move(library));
  const auto& lib = state->library;
  TRY(state->checked(lib.CreateEnv(kError, "slipway", &state->env), "start"));
  TRY(state->checked(lib.GetAllocatorWithDefaultOptions(&state->allocator), "start"));
  TRY(state->checked(lib.CreateCpuMemoryInfo(0, 0, &state->memory), "start"));
  Owned options(lib.ReleaseSessionOptions);
  TRY(state->checked(lib.CreateSessionOptions(options.out()), "start"));
  TRY(state->set_options(options.get(), settings));
  TRY(state->add_providers(options.get(), settings));
  TRY(state->checked(
      lib.CreateSession(state->env, model.c_str(), options.get(), state->session.out()),
      "load the model", Code::invalid_parameter_value));
  state->inputs = TRY(
      state->ports(lib.SessionGetInputCount, lib.SessionGetInputTypeInfo, lib.SessionGetInputName));
  state->outputs = TRY(state->ports(lib.SessionGetOutputCount, lib.SessionGetOutputTypeInfo,
                                    lib.SessionGetOutputName));
  return std::unique_ptr<Session>(new Session(std::move(state)));
}

Result<std::vector<Tensor>> Session::run(const std::vector<Tensor>& inputs,
                                         std::vector<Port>& ports) const {
  const auto& lib = state_->library;
  std::vector<Owned> given;
  std::vector<Handle> values;
  std::vector<const char*> names;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto value = TRY(state_->value_of(inputs[i]));
    values.push_back(value.get());
    given.push_back(std::move(value));
    names.push_back(state_->inputs[i].name.c_str());
  }
  std::vector<const char*> wanted;
  for (const auto& port : state_->outputs) wanted.push_back(port.name.c_str());
  std::vector<Handle> results(wanted.size(), nullptr);
  TRY(state_->checked(lib.Run(state_->session.get(), nullptr, names.data(), values.data(),
                              values.size(), wanted.data(), wanted.size(), results.data()),
                      "score the rows", Code::invalid_parameter_value));
  std::vector<Owned> owned;
  for (const Handle result : results) {
    *owned.emplace_back(lib.ReleaseValue).out() = result;
  }
  std::vector<Tensor> out;
  for (size_t k = 0; k < owned.size(); ++k) {
    auto tensor = TRY(state_->output_of(owned[k].get(), ports[k]));
    out.push_back(std::move(tensor));
  }
  return out;
}

Result<std::string> provider_name(std::string_view name) {
  for (const auto& row : kProviders) {
    if (lower(name) == row.short_name || name == row.name) return std::string(row.name);
  }
  return fail(Code::invalid_parameter_value,
              "provider '{}'; accepted: cpu, cuda, tensorrt, or ONNX Runtime's own names of these",
              name);
}

}  // namespace slipway::models::onnx
