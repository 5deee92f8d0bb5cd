#include "models/onnx/builder.h"

#include <cmath>

#include "models/onnx/wire.h"

namespace slipway::models::onnx {
namespace {

constexpr int64_t kIrVersion = 9;
constexpr int64_t kOpset = 18;
constexpr int64_t kMlOpset = 3;
constexpr std::string_view kMlDomain = "ai.onnx.ml";

std::string port_bytes(const std::string& name, Element element, const Shape& shape) {
  WireWriter dimensions;
  for (const int64_t size : shape) {
    WireWriter dimension;
    if (size < 0) {
      dimension.bytes(2, "rows");
    } else {
      dimension.integer(1, size);
    }
    dimensions.bytes(1, dimension.text());
  }
  WireWriter tensor;
  tensor.integer(1, static_cast<int64_t>(element));
  tensor.bytes(2, dimensions.text());
  WireWriter type;
  type.bytes(1, tensor.text());
  WireWriter port;
  port.bytes(1, name);
  port.bytes(2, type.text());
  return port.text();
}

std::string tensor_bytes(const std::string& name, const Tensor& tensor) {
  WireWriter out;
  out.integers(1, tensor.shape);
  out.integer(2, static_cast<int64_t>(tensor.element()));
  std::visit(
      [&](const auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<T, std::string>) {
          for (const auto& text : values) out.bytes(6, text);
        } else {
          out.bytes(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
        }
      },
      tensor.values);
  out.bytes(8, name);
  return out.text();
}

/// AttributeProto.AttributeType
enum Kind : int64_t { kFloat = 1, kInt = 2, kString = 3, kFloats = 6, kInts = 7, kStrings = 8 };

struct SettingWriter {
  WireWriter& out;
  void operator()(int64_t value) const {
    out.integer(3, value);
    out.integer(20, kInt);
  }
  void operator()(float value) const {
    out.float32(2, value);
    out.integer(20, kFloat);
  }
  void operator()(const std::string& value) const {
    out.bytes(4, value);
    out.integer(20, kString);
  }
  void operator()(const std::vector<int64_t>& values) const {
    out.integers(8, values);
    out.integer(20, kInts);
  }
  void operator()(const std::vector<float>& values) const {
    out.floats(7, values);
    out.integer(20, kFloats);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const auto& value : values) out.bytes(9, value);
    out.integer(20, kStrings);
  }
};

}  // namespace

std::string Builder::fresh(std::string_view stem) { return fmt::format("{}_{}", stem, ++n_names_); }

Wire Builder::input(std::string name, Element element, const Shape& shape) {
  WireWriter field;
  field.bytes(11, port_bytes(name, element, shape));
  graph_ += field.text();
  return {std::move(name), element};
}

void Builder::output(const std::string& name, const Wire& wire, const Shape& shape) {
  WireWriter node;
  node.bytes(1, wire.name);
  node.bytes(2, name);
  node.bytes(4, "Identity");
  WireWriter field;
  field.bytes(1, node.text());
  field.bytes(12, port_bytes(name, wire.element, shape));
  graph_ += field.text();
}

Wire Builder::constant(const Tensor& tensor) {
  Wire out{fresh("constant"), tensor.element()};
  WireWriter field;
  field.bytes(5, tensor_bytes(out.name, tensor));
  graph_ += field.text();
  return out;
}

Wire Builder::floats(const std::vector<double>& values, Shape shape) {
  if (shape.empty()) shape = {static_cast<int64_t>(values.size())};
  return constant({std::move(shape), std::vector<float>(values.begin(), values.end())});
}

Wire Builder::integers(const std::vector<int64_t>& values) {
  return constant({{static_cast<int64_t>(values.size())}, values});
}

Wire Builder::add(std::string_view op, std::string_view domain, const std::vector<Wire>& inputs,
                  const std::vector<Setting>& settings, Element element) {
  Wire out{fresh(op), element};
  if (element == Element::none && !inputs.empty()) out.element = inputs[0].element;
  WireWriter node;
  for (const auto& input : inputs) node.bytes(1, input.name);
  node.bytes(2, out.name);
  node.bytes(3, out.name);
  node.bytes(4, op);
  for (const auto& setting : settings) {
    WireWriter attribute;
    attribute.bytes(1, setting.name);
    std::visit(SettingWriter{attribute}, setting.value);
    node.bytes(5, attribute.text());
  }
  if (!domain.empty()) node.bytes(7, domain);
  WireWriter field;
  field.bytes(1, node.text());
  graph_ += field.text();
  return out;
}

Wire Builder::node(std::string_view op, const std::vector<Wire>& inputs,
                   const std::vector<Setting>& settings, Element element) {
  return add(op, "", inputs, settings, element);
}

Wire Builder::ml_node(std::string_view op, const std::vector<Wire>& inputs,
                      const std::vector<Setting>& settings, Element element) {
  return add(op, kMlDomain, inputs, settings, element);
}

Wire Builder::cast(const Wire& wire, Element element) {
  if (wire.element == element) return wire;
  return node("Cast", {wire}, {{"to", static_cast<int64_t>(element)}}, element);
}

Wire Builder::beside(const std::vector<Wire>& wires) {
  if (wires.size() == 1) return wires[0];
  return node("Concat", wires, {{"axis", int64_t{1}}});
}

Wire Builder::columns(const Wire& matrix, const std::vector<size_t>& wanted) {
  const std::vector<int64_t> places(wanted.begin(), wanted.end());
  return node("Gather", {matrix, integers(places)}, {{"axis", int64_t{1}}});
}

Result<Wire> Builder::trees(const Wire& rows, const std::vector<Tree>& trees,
                            const std::vector<double>& base_scores, double divide_by) {
  std::vector<int64_t> tree_ids, node_ids, features, yes, no, missing;
  std::vector<int64_t> target_trees, target_nodes, targets;
  std::vector<float> values, weights;
  std::vector<std::string> modes;
  const size_t n_outputs = base_scores.size();
  for (size_t t = 0; t < trees.size(); ++t) {
    const auto& tree = trees[t];
    if (!tree.linears.empty()) return fail(Code::not_implemented, "trees with linear leaves");
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      const auto& node = tree.nodes[i];
      const bool is_leaf = node.left == -1 && node.right == -1;
      if (node.category_set >= 0) return fail(Code::not_implemented, "splits by category");
      tree_ids.push_back(static_cast<int64_t>(t));
      node_ids.push_back(static_cast<int64_t>(i));
      features.push_back(is_leaf ? 0 : node.feature);
      yes.push_back(is_leaf ? 0 : node.left);
      no.push_back(is_leaf ? 0 : node.right);
      missing.push_back(!is_leaf && node.default_left ? 1 : 0);
      values.push_back(is_leaf ? 0 : static_cast<float>(node.value));
      modes.emplace_back(is_leaf ? "LEAF" : "BRANCH_LEQ");
      if (!is_leaf) continue;
      const auto add_weight = [&](size_t output, double value) {
        target_trees.push_back(static_cast<int64_t>(t));
        target_nodes.push_back(static_cast<int64_t>(i));
        targets.push_back(static_cast<int64_t>(output));
        weights.push_back(static_cast<float>(value * tree.weight / divide_by));
      };
      if (tree.vectors.empty()) {
        add_weight(tree.output, node.value);
      } else {
        for (size_t k = 0; k < n_outputs; ++k) add_weight(k, tree.vectors[i * n_outputs + k]);
      }
    }
  }
  std::vector<float> base;
  for (const double value : base_scores) base.push_back(static_cast<float>(value / divide_by));
  return ml_node("TreeEnsembleRegressor", {cast(rows, Element::float32)},
                 {{"aggregate_function", std::string("SUM")},
                  {"base_values", std::move(base)},
                  {"n_targets", static_cast<int64_t>(n_outputs)},
                  {"nodes_falsenodeids", std::move(no)},
                  {"nodes_featureids", std::move(features)},
                  {"nodes_missing_value_tracks_true", std::move(missing)},
                  {"nodes_modes", std::move(modes)},
                  {"nodes_nodeids", std::move(node_ids)},
                  {"nodes_treeids", std::move(tree_ids)},
                  {"nodes_truenodeids", std::move(yes)},
                  {"nodes_values", std::move(values)},
                  {"post_transform", std::string("NONE")},
                  {"target_ids", std::move(targets)},
                  {"target_nodeids", std::move(target_nodes)},
                  {"target_treeids", std::move(target_trees)},
                  {"target_weights", std::move(weights)}});
}

std::string Builder::finish() const {
  WireWriter out;
  out.integer(1, kIrVersion);
  out.bytes(2, "slipway");
  WireWriter graph;
  graph.bytes(2, "model");
  out.bytes(7, graph_ + graph.text());
  for (const auto& [domain, version] :
       {std::pair{std::string_view(), kOpset}, {kMlDomain, kMlOpset}}) {
    WireWriter opset;
    opset.bytes(1, domain);
    opset.integer(2, version);
    out.bytes(8, opset.text());
  }
  return out.text();
}

}  // namespace slipway::models::onnx
