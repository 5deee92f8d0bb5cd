#include "models/onnx/graph.h"

#include <algorithm>
#include <map>
#include <optional>

#include "models/onnx/operators.h"

namespace slipway::models::onnx {
namespace {

constexpr uint32_t kLeftOut = UINT32_MAX;
constexpr std::string_view kMlDomain = "ai.onnx.ml";

struct Step {
  std::string what;  // for messages
  Kernel kernel;
  std::vector<uint32_t> inputs;   // slots, or kLeftOut
  std::vector<uint32_t> outputs;  // the same
};

const OperatorRow* find_row(const Node& node) {
  using Family = std::span<const OperatorRow> (*)();
  constexpr Family kMain[] = {arithmetic_rows, shape_rows, matrix_rows};
  constexpr Family kMl[] = {tree_rows, feature_rows, linear_rows};
  const auto families = node.domain.empty()        ? std::span<const Family>(kMain)
                        : node.domain == kMlDomain ? std::span<const Family>(kMl)
                                                   : std::span<const Family>();
  for (const auto family : families) {
    for (const auto& row : family()) {
      if (row.name == node.op_type) return &row;
    }
  }
  return nullptr;
}

std::string describe(const Node& node) {
  return node.name.empty() ? node.op_type : fmt::format("{} '{}'", node.op_type, node.name);
}

bool is_evaluated(Element element) {
  constexpr Element kAll[] = {Element::float32, Element::int32,   Element::int64,
                              Element::string,  Element::boolean, Element::float64};
  return std::ranges::find(kAll, element) != std::end(kAll);
}

}  // namespace

struct Graph::Plan {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<Tensor> constants;  // the first slots
  std::vector<Step> steps;
  std::vector<uint32_t> input_slots;
  std::vector<uint32_t> output_slots;
  size_t n_slots = 0;
};

namespace {

/// Names of values, and the slots they lie in.
struct Slots {
  std::map<std::string, uint32_t, std::less<>> by_name;
  size_t n = 0;

  Result<uint32_t> add(const std::string& name) {
    const auto [at, is_new] = by_name.emplace(name, static_cast<uint32_t>(n));
    if (!is_new) {
      return fail(Code::invalid_parameter_value, "two values are called '{}'", name);
    }
    ++n;
    return at->second;
  }
  Result<uint32_t> find(const std::string& name) const {
    const auto found = by_name.find(name);
    if (found != by_name.end()) return found->second;
    return fail(Code::invalid_parameter_value, "nothing before its use gives the value '{}'", name);
  }
};

/// Types of values, as far as they are known before the graph runs.
using Types = std::map<std::string, Element, std::less<>>;

std::optional<Element> type_of(const Types& types, const std::string& name) {
  const auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

// Notes the type of a node's output where it is its first input's, or always the same.
void note_type(const Node& node, Types& types) {
  constexpr std::string_view kSame[] = {"Add",       "ArrayFeatureExtractor",
                                        "Clip",      "Concat",
                                        "Div",       "Flatten",
                                        "Gather",    "Identity",
                                        "Imputer",   "MatMul",
                                        "Mul",       "Reshape",
                                        "Squeeze",   "Sub",
                                        "Transpose", "Unsqueeze"};
  constexpr std::string_view kFloat[] = {"FeatureVectorizer", "LinearRegressor", "Normalizer",
                                         "OneHotEncoder", "Scaler"};
  if (node.inputs.empty() || node.outputs.empty()) return;
  std::optional<Element> type;
  if (std::ranges::find(kSame, node.op_type) != std::end(kSame)) {
    type = type_of(types, node.inputs[0]);
  } else if (std::ranges::find(kFloat, node.op_type) != std::end(kFloat)) {
    type = Element::float32;
  } else if (node.op_type == "Cast" && node.find("to") != nullptr) {
    type = static_cast<Element>(node.find("to")->i);
  }
  if (type) types.emplace(node.outputs[0], *type);
}

Result<Step> make_step(const Node& node, const File& file, const ExternalFiles& files, Slots& slots,
                       Types& types) {
  const auto* row = find_row(node);
  if (row == nullptr) {
    return fail(Code::not_implemented, "operator {}{}{} is not evaluated", node.domain,
                node.domain.empty() ? "" : ".", node.op_type);
  }
  const size_t n_wanted = row->max_inputs == kAny ? node.inputs.size() : row->n_inputs;
  if (node.inputs.size() < row->n_inputs || node.inputs.size() > row->max_inputs ||
      node.outputs.size() > row->n_outputs || node.outputs.empty()) {
    return fail(Code::invalid_parameter_value, "{} has {} inputs and {} outputs", describe(node),
                node.inputs.size(), node.outputs.size());
  }
  Step step;
  step.what = describe(node);
  for (size_t i = 0; i < std::max(node.inputs.size(), row->n_inputs); ++i) {
    if (node.inputs[i].empty()) {
      if (i < n_wanted) {
        return fail(Code::invalid_parameter_value, "{} lacks its input {}", step.what, i);
      }
      step.inputs.push_back(kLeftOut);
      continue;
    }
    const auto slot = TRY(slots.find(node.inputs[i]));
    step.inputs.push_back(slot);
  }
  if (row->max_inputs != kAny) step.inputs.resize(row->max_inputs, kLeftOut);
  const auto opset = file.opsets.find(node.domain);
  const auto type = node.inputs.empty() ? std::nullopt : type_of(types, node.inputs[0]);
  step.kernel = TRY(row->make({node, files, opset == file.opsets.end() ? 1 : opset->second, type}));
  note_type(node, types);
  for (const auto& name : node.outputs) {
    if (name.empty()) {
      step.outputs.push_back(kLeftOut);
      continue;
    }
    const auto slot = TRY(slots.add(name));
    step.outputs.push_back(slot);
  }
  return step;
}

// A ZipMap names the columns of a matrix: its output is that matrix, its keys go to the port.
Result<std::vector<std::string>> zip_keys(const Node& node) {
  std::vector<std::string> keys;
  for (const auto& attribute : node.attributes) {
    for (const auto& text : attribute.strings) keys.push_back(text);
    for (const auto number : attribute.ints) keys.push_back(std::to_string(number));
  }
  if (keys.empty() || node.inputs.size() != 1 || node.outputs.size() != 1) {
    return fail(Code::invalid_parameter_value, "{} has no keys", describe(node));
  }
  return keys;
}

}  // namespace

const std::vector<Port>& Graph::inputs() const { return plan_->inputs; }
const std::vector<Port>& Graph::outputs() const { return plan_->outputs; }

Result<Graph> Graph::make(const File& file, const ExternalFiles& files) {
  auto plan = std::make_shared<Plan>();
  Slots slots;
  Types types;
  std::map<std::string, std::vector<std::string>> keys;  // of ZipMaps' outputs
  for (const auto& proto : file.constants) {
    auto constant = TRY(tensor_of(proto, files));
    plan->constants.push_back(std::move(constant));
    TRY(slots.add(proto.name));
  }
  for (const auto& port : file.inputs) {
    if (!is_evaluated(port.element)) {
      return fail(Code::not_implemented, "input '{}' of {} is not evaluated", port.name,
                  element_name(port.element));
    }
    const auto slot = TRY(slots.add(port.name));
    plan->input_slots.push_back(slot);
    types.emplace(port.name, port.element);
  }
  plan->inputs = file.inputs;
  for (const auto& node : file.nodes) {
    if (node.op_type == "ZipMap" && node.domain == kMlDomain) {
      auto names = TRY(zip_keys(node));
      const auto slot = TRY(slots.find(node.inputs[0]));
      slots.by_name.emplace(node.outputs[0], slot);
      keys.emplace(node.outputs[0], std::move(names));
      continue;
    }
    for (const auto& input : node.inputs) {
      if (keys.contains(input)) {
        return fail(Code::not_implemented, "{} of a ZipMap's maps is not evaluated",
                    describe(node));
      }
    }
    auto step = TRY(make_step(node, file, files, slots, types));
    plan->steps.push_back(std::move(step));
  }
  plan->outputs = file.outputs;
  if (plan->outputs.empty()) return fail(Code::invalid_parameter_value, "no outputs");
  for (auto& port : plan->outputs) {
    const auto slot = TRY(slots.find(port.name));
    plan->output_slots.push_back(slot);
    const auto found = keys.find(port.name);
    if (found != keys.end()) port.keys = found->second;
  }
  plan->n_slots = slots.n;
  return Graph(std::move(plan));
}

Result<void> check_shape(const Port& port, const Shape& shape) {
  if (!port.shape) return {};
  bool fits = port.shape->size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    fits = (*port.shape)[i] < 0 || (*port.shape)[i] == shape[i];
  }
  if (fits) return {};
  return fail(Code::invalid_parameter_value, "input '{}' has the shape {}, the model takes {}",
              port.name, shape_text(shape), shape_text(*port.shape));
}

Result<std::vector<Tensor>> Graph::run(std::vector<Tensor> inputs) const {
  const auto& plan = *plan_;
  check(inputs.size() == plan.inputs.size(), "a tensor for each input");
  std::vector<const Tensor*> slots(plan.n_slots, nullptr);
  std::vector<Tensor> owned(plan.n_slots - plan.constants.size());
  const size_t first_owned = plan.constants.size();
  for (size_t i = 0; i < first_owned; ++i) slots[i] = &plan.constants[i];
  const auto put = [&](uint32_t slot, Tensor tensor) {
    owned[slot - first_owned] = std::move(tensor);
    slots[slot] = &owned[slot - first_owned];
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    TRY(check_shape(plan.inputs[i], inputs[i].shape));
    check(inputs[i].element() == plan.inputs[i].element, "an input of its port's type");
    put(plan.input_slots[i], std::move(inputs[i]));
  }
  std::vector<const Tensor*> given;
  size_t n_elements = 0;
  for (const auto& step : plan.steps) {
    given.clear();
    for (const auto slot : step.inputs) given.push_back(slot == kLeftOut ? nullptr : slots[slot]);
    auto results = step.kernel(given);
    if (!results.ok()) {
      return fail(results.error().code, "{}: {}", step.what, results.error().message);
    }
    check(results->size() >= step.outputs.size(), "an operator gives all its outputs");
    for (const auto& tensor : *results) n_elements += tensor.size();
    if (n_elements > 2 * kMaxElements) {
      return fail(Code::invalid_parameter_value, "{}: more than {} values in all; send fewer rows",
                  step.what, 2 * kMaxElements);
    }
    for (size_t k = 0; k < step.outputs.size(); ++k) {
      if (step.outputs[k] != kLeftOut) put(step.outputs[k], std::move((*results)[k]));
    }
  }
  std::vector<Tensor> out;
  for (const auto slot : plan.output_slots) out.push_back(*slots[slot]);
  return out;
}

}  // namespace slipway::models::onnx
