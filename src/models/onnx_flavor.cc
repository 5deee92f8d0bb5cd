#include "models/onnx_flavor.h"

#include <map>
#include <variant>

#include "base/text.h"
#include "models/folder.h"
#include "models/onnx/feed.h"
#include "models/onnx/graph.h"
#include "models/onnx/runtime.h"

namespace slipway::models {
namespace {

using onnx::Graph;
using onnx::Port;
using onnx::Session;
using onnx::SessionSettings;

using Engine = std::variant<Graph, std::unique_ptr<Session>>;

class OnnxFlavor : public Model {
 public:
  OnnxFlavor(Engine engine, Signature signature, std::string input_example)
      : engine_(std::move(engine)),
        signature_(std::move(signature)),
        input_example_(std::move(input_example)) {}

  const Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }
  bool predicts_columns() const override { return signature_.takes_tensors(); }

  Result<data::Batch> predict(const data::Batch& rows) const override {
    data::Batch ready;
    if (signature_.takes_tensors()) {
      ready = TRY(enforce_tensors(signature_, rows));
    } else if (!signature_.inputs.empty()) {
      ready = TRY(enforce(signature_, rows));
    }
    const bool as_they_are = signature_.inputs.empty() && !signature_.takes_tensors();
    const auto& chosen = as_they_are ? rows : ready;
    auto ports = std::visit([](const auto& engine) { return outputs_of(engine); }, engine_);
    if (const auto* graph = std::get_if<Graph>(&engine_)) {
      auto inputs = TRY(onnx::feed(graph->inputs(), chosen));
      auto outputs = TRY(graph->run(std::move(inputs)));
      return onnx::columns_of(ports, std::move(outputs), rows.n_rows);
    }
    const auto& session = *std::get<std::unique_ptr<Session>>(engine_);
    const auto inputs = TRY(onnx::feed(session.inputs(), chosen));
    auto outputs = TRY(session.run(inputs, ports));
    return onnx::columns_of(ports, std::move(outputs), rows.n_rows);
  }

 private:
  static std::vector<Port> outputs_of(const Graph& graph) { return graph.outputs(); }
  static std::vector<Port> outputs_of(const std::unique_ptr<Session>& session) {
    return session->outputs();
  }

  Engine engine_;
  Signature signature_;
  std::string input_example_;
};

/// Files beside the model, each read once.
class Beside {
 public:
  Beside(std::filesystem::path dir, const std::string& model) : dir_(std::move(dir)) {
    folder_ = std::filesystem::path(model).parent_path();
  }
  Result<std::string_view> read(const std::string& path) {
    const auto found = files_.find(path);
    if (found != files_.end()) return std::string_view(found->second);
    auto bytes = TRY(read_model_file(dir_, (folder_ / path).string()));
    return std::string_view(files_.emplace(path, std::move(bytes)).first->second);
  }

 private:
  std::filesystem::path dir_;
  std::filesystem::path folder_;
  std::map<std::string, std::string> files_;
};

Result<SessionSettings> session_settings(const OnnxSettings& settings, const LoadOptions& options) {
  SessionSettings out;
  for (const auto& name : options.providers) {
    auto provider = TRY(onnx::provider_name(name));
    out.providers.push_back(std::move(provider));
  }
  if (!out.providers.empty()) out.missing_provider = SessionSettings::Missing::refuse;
  const std::string prefix = "onnx_session_options.";
  for (const auto& [key, value] : settings.flavor) {
    if (key.starts_with("providers.") && options.providers.empty()) out.providers.push_back(value);
    if (!key.starts_with(prefix)) continue;
    const auto name = key.substr(prefix.size());
    const auto number = static_cast<int>(to_integer(value).value_or(0));
    if (name == "intra_op_num_threads") out.intra_op_threads = number;
    if (name == "inter_op_num_threads") out.inter_op_threads = number;
    if (name == "graph_optimization_level") out.optimization_level = number;
    if (name == "execution_mode") out.parallel = lower(value) == "parallel";
    constexpr std::string_view kExtra = "extra_session_config.";
    if (name.starts_with(kExtra)) out.entries.emplace_back(name.substr(kExtra.size()), value);
  }
  return out;
}

// Refuse files outside the folder before another program opens them.
Result<void> check_outside_files(const onnx::File& file, Beside& beside) {
  for (const auto& path : file.external_paths) TRY(beside.read(path));
  return {};
}

Result<Engine> make_engine(const OnnxSettings& settings, const LoadOptions& options) {
  const auto bytes = TRY(read_model_file(settings.dir, settings.path, size_t{2} << 30));
  Beside beside(settings.dir, settings.path);
  const auto named = [&](const Error& error) {
    return fail(error.code, "{}: {}", settings.path, error.message);
  };
  const auto file = onnx::parse_file(bytes);
  if (!file.ok()) return named(file.error());
  auto graph = Graph::make(*file, [&](const std::string& path) { return beside.read(path); });
  const bool asks_for_session = !options.providers.empty();
  if (graph.ok() && !asks_for_session) return Engine(std::move(graph).value());
  if (!graph.ok() && graph.error().code != Code::not_implemented) return named(graph.error());
  if (options.engines == LoadOptions::Engines::refused) {
    return fail(Code::not_implemented, "{}: {}; ONNX Runtime scores such models", settings.path,
                graph.ok() ? "providers are asked for" : graph.error().message);
  }
  TRY(check_outside_files(*file, beside));
  const auto session_options = TRY(session_settings(settings, options));
  auto session = Session::open(settings.dir / settings.path, session_options);
  if (session.ok()) return Engine(std::move(session).value());
  if (graph.ok()) return named(session.error());
  return fail(session.error().code, "{}: {}; {}", settings.path, graph.error().message,
              session.error().message);
}

}  // namespace

Result<std::unique_ptr<Model>> make_onnx_flavor(OnnxSettings settings, const LoadOptions& options) {
  auto signature = TRY(parse_signature(settings.signature_inputs, settings.signature_outputs,
                                       settings.signature_params));
  auto engine = TRY(make_engine(settings, options));
  return std::unique_ptr<Model>(std::make_unique<OnnxFlavor>(
      std::move(engine), std::move(signature), std::move(settings.input_example)));
}

}  // namespace slipway::models
