#include "models/mlmodel.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"

namespace slipway::models {
namespace {

constexpr size_t kMaxBytes = 1u << 20;
constexpr int kMaxDepth = 32;

// Looks through a document before it is built: aliases could make a small file huge.
struct Guard : YAML::EventHandler {
  int depth = 0;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not allowed");
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnSequenceEnd() override { --depth; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnMapEnd() override { --depth; }

  void enter(const YAML::Mark& mark) {
    if (++depth > kMaxDepth) throw YAML::ParserException(mark, "nested too deep");
  }
};

std::string scalar(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() ? value.Scalar() : "";
}

void add_list(const YAML::Node& list, const std::string& key, Mlmodel::Flavor& flavor) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].IsScalar()) flavor[fmt::format("{}.{}", key, i)] = list[i].Scalar();
  }
}

void add_map(const YAML::Node& map, const std::string& key, Mlmodel::Flavor& flavor) {
  for (const auto& entry : map) {
    const auto name = key + "." + entry.first.Scalar();
    if (entry.second.IsScalar()) flavor[name] = entry.second.Scalar();
    if (entry.second.IsMap()) add_map(entry.second, name, flavor);
  }
}

Mlmodel::Flavor flavor_from(const YAML::Node& map) {
  Mlmodel::Flavor flavor;
  if (!map.IsMap()) return flavor;
  for (const auto& entry : map) {
    const auto& key = entry.first.Scalar();
    const YAML::Node value = entry.second;
    if (value.IsScalar() || value.IsNull()) flavor[key] = value.Scalar();
    if (value.IsSequence()) add_list(value, key, flavor);
    if (value.IsMap()) add_map(value, key, flavor);
  }
  return flavor;
}

Mlmodel mlmodel_from(const YAML::Node& root) {
  Mlmodel out;
  out.artifact_path = scalar(root, "artifact_path");
  out.run_id = scalar(root, "run_id");
  out.model_uuid = scalar(root, "model_uuid");
  out.model_id = scalar(root, "model_id");
  out.utc_time_created = scalar(root, "utc_time_created");
  out.mlflow_version = scalar(root, "mlflow_version");
  out.model_size_bytes = to_integer(scalar(root, "model_size_bytes")).value_or(0);
  if (const YAML::Node flavors = root["flavors"]; flavors && flavors.IsMap()) {
    for (const auto& entry : flavors) {
      out.flavors[entry.first.Scalar()] = flavor_from(entry.second);
    }
  }
  if (const YAML::Node signature = root["signature"]; signature && signature.IsMap()) {
    out.signature_inputs = scalar(signature, "inputs");
    out.signature_outputs = scalar(signature, "outputs");
    out.signature_params = scalar(signature, "params");
  }
  out.has_type_hints = scalar(root, "is_signature_from_type_hint") == "true" ||
                       scalar(root, "type_hint_from_example") == "true";
  if (const YAML::Node example = root["saved_input_example_info"]; example && example.IsMap()) {
    out.example_path = scalar(example, "artifact_path");
    out.serving_example_path = scalar(example, "serving_input_path");
  }
  return out;
}

std::vector<std::string> texts(const YAML::Node& map, const char* key) {
  std::vector<std::string> all;
  const YAML::Node list = map[key];
  if (!list || !list.IsSequence()) return all;
  for (const auto& entry : list) {
    if (entry.IsScalar()) all.push_back(entry.Scalar());
  }
  return all;
}

PythonEnvironment python_environment_from(const YAML::Node& root) {
  return {scalar(root, "python"), texts(root, "build_dependencies"), texts(root, "dependencies")};
}

// Read a document that is a map, once it is known to be harmless.
template <typename T>
Result<T> read_map(std::string_view yaml, std::string_view file, T (*from)(const YAML::Node&)) {
  if (yaml.size() > kMaxBytes) {
    return fail(Code::invalid_parameter_value, "{}: {} bytes; at most {}", file, yaml.size(),
                kMaxBytes);
  }
  try {
    std::istringstream stream{std::string(yaml)};
    YAML::Parser parser(stream);
    Guard guard;
    if (!parser.HandleNextDocument(guard)) {
      return fail(Code::invalid_parameter_value, "{}: the file is empty", file);
    }
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (!root.IsMap()) return fail(Code::invalid_parameter_value, "{}: not a map", file);
    return from(root);
  } catch (const YAML::Exception& error) {
    return fail(Code::invalid_parameter_value, "{}: {}", file, error.what());
  }
}

// A text as YAML: plain where no reader can take it for anything but text, else in single quotes.
std::string quoted(std::string_view text) {
  constexpr std::string_view kWords[] = {"null", "true", "false", "yes", "no", "on",
                                         "off",  "y",    "n",     "inf", "nan"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_plain = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '/';
  };
  if (!text.empty() && is_letter(text[0]) && std::ranges::all_of(text, is_plain) &&
      std::ranges::find(kWords, lower(text)) == std::end(kWords)) {
    return std::string(text);
  }
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    YAML::Emitter emitter;  // control characters need the double-quoted form
    emitter << YAML::DoubleQuoted << std::string(text);
    return emitter.c_str();
  }
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

struct Lines {
  std::string out;

  void entry(size_t indent, std::string_view key, std::string_view text) {
    out.append(indent, ' ');
    out += fmt::format("{}: {}\n", quoted(key), text.empty() ? "null" : quoted(text));
  }
  void open(size_t indent, std::string_view key) {
    out.append(indent, ' ');
    out += fmt::format("{}:\n", quoted(key));
  }
};

void write_flavor(Lines& lines, const Mlmodel::Flavor& flavor) {
  std::string map;  // the one that is open
  for (const auto& [key, text] : flavor) {
    const auto dot = key.find('.');
    if (dot == key.npos) {
      lines.entry(4, key, text);
      continue;
    }
    if (map != key.substr(0, dot)) {
      map = key.substr(0, dot);
      lines.open(4, map);
    }
    lines.entry(6, key.substr(dot + 1), text);
  }
}

}  // namespace

Result<Mlmodel> parse_mlmodel(std::string_view yaml) {
  return read_map<Mlmodel>(yaml, "MLmodel", mlmodel_from);
}

Result<PythonEnvironment> parse_python_environment(std::string_view yaml) {
  return read_map<PythonEnvironment>(yaml, "python_env.yaml", python_environment_from);
}

std::string mlmodel_text(const Mlmodel& mlmodel) {
  Lines lines;
  if (!mlmodel.artifact_path.empty()) lines.entry(0, "artifact_path", mlmodel.artifact_path);
  lines.open(0, "flavors");
  for (const auto& [name, flavor] : mlmodel.flavors) {
    lines.open(2, name);
    write_flavor(lines, flavor);
  }
  lines.out += "is_signature_from_type_hint: false\n";
  lines.entry(0, "mlflow_version", mlmodel.mlflow_version);
  lines.entry(0, "model_id", mlmodel.model_id);
  lines.out += fmt::format("model_size_bytes: {}\n", mlmodel.model_size_bytes);
  lines.entry(0, "model_uuid", mlmodel.model_uuid);
  lines.out += "prompts: null\n";
  if (!mlmodel.run_id.empty()) lines.entry(0, "run_id", mlmodel.run_id);
  if (!mlmodel.example_path.empty()) {
    lines.open(0, "saved_input_example_info");
    lines.entry(2, "artifact_path", mlmodel.example_path);
    lines.entry(2, "pandas_orient", "split");
    lines.entry(2, "serving_input_path", mlmodel.serving_example_path);
    lines.entry(2, "type", "dataframe");
  }
  if (!mlmodel.signature_inputs.empty()) {
    lines.open(0, "signature");
    lines.entry(2, "inputs", mlmodel.signature_inputs);
    lines.entry(2, "outputs", mlmodel.signature_outputs);
    lines.out += "  params: null\n";
  }
  lines.out += "type_hint_from_example: false\n";
  lines.entry(0, "utc_time_created", mlmodel.utc_time_created);
  return std::move(lines.out);
}

}  // namespace slipway::models
