#include "models/xgboost_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "models/ubjson.h"

namespace slipway::models {

struct XgboostReader {
  using Transform = XgboostModel::Transform;
  enum class Link { identity, logit, log };

  // How sums become predictions, and base_score (in the predictions' scale) becomes a sum.
  struct Objective {
    std::string_view name;
    Transform transform;
    Link link;
  };
  static constexpr Objective kObjectives[] = {
      {"binary:logistic", Transform::sigmoid, Link::logit},
      {"reg:logistic", Transform::sigmoid, Link::logit},
      {"binary:logitraw", Transform::none, Link::identity},
      {"reg:squarederror", Transform::none, Link::identity},
      {"reg:absoluteerror", Transform::none, Link::identity},
      {"reg:pseudohubererror", Transform::none, Link::identity},
      {"reg:squaredlogerror", Transform::none, Link::identity},
      {"rank:ndcg", Transform::none, Link::identity},
      {"rank:pairwise", Transform::none, Link::identity},
      {"rank:map", Transform::none, Link::identity},
      {"count:poisson", Transform::exponential, Link::log},
      {"reg:gamma", Transform::exponential, Link::log},
      {"reg:tweedie", Transform::exponential, Link::log},
      {"multi:softprob", Transform::softmax, Link::identity},
      {"multi:softmax", Transform::class_of_max, Link::identity},
  };

  static Result<std::string> text(const UbjsonValue& object, std::string_view key) {
    const auto* value = TRY(object.member(key));
    const auto* found = std::get_if<std::string>(&value->data);
    if (found == nullptr) return fail(Code::invalid_parameter_value, "'{}' is not a text", key);
    return *found;
  }

  static Result<std::vector<std::string>> texts(const UbjsonValue& object, std::string_view key) {
    std::vector<std::string> out;
    const auto* value = object.find(key);
    const auto* items = value == nullptr ? nullptr : std::get_if<UbjsonValue::Array>(&value->data);
    if (items == nullptr) return out;
    for (const auto& item : *items) {
      const auto* found = std::get_if<std::string>(&item.data);
      if (found == nullptr) {
        return fail(Code::invalid_parameter_value, "'{}' has something else than texts", key);
      }
      out.push_back(*found);
    }
    return out;
  }

  // Parameters are numbers in texts: {"num_class": "0"}.
  static Result<size_t> parameter(const UbjsonValue& parameters, std::string_view key) {
    const auto value = TRY(text(parameters, key));
    const auto number = to_integer(value);
    if (!number || *number < 0 || *number > std::numeric_limits<int32_t>::max()) {
      return fail(Code::invalid_parameter_value, "'{}' is {}, not a count", key, value);
    }
    return static_cast<size_t>(*number);
  }

  // "5E-1", or since 3.1 "[5E-1]" or one for each output.
  static Result<std::vector<float>> base_scores(const UbjsonValue& parameters, size_t n_outputs,
                                                Link link) {
    const auto raw = TRY(text(parameters, "base_score"));
    std::string_view list = raw;
    if (list.starts_with('[') && list.ends_with(']')) list = list.substr(1, list.size() - 2);
    std::vector<float> out;
    for (const auto& part : split(list, ',')) {
      const auto number = to_number(trim(part));
      const auto score = number ? static_cast<float>(*number) : 0.0f;
      const bool fits = link == Link::identity || (score > 0 && (score < 1 || link == Link::log));
      if (!number || !fits) {
        return fail(Code::invalid_parameter_value, "base_score is {}", raw);
      }
      switch (link) {
        case Link::identity: out.push_back(score); break;
        case Link::logit: out.push_back(-std::log(1.0f / score - 1.0f)); break;
        case Link::log: out.push_back(std::log(score)); break;
      }
    }
    if (out.size() == 1) out.resize(n_outputs, out[0]);
    if (out.size() != n_outputs) {
      return fail(Code::invalid_parameter_value, "base_score has {} values for {} outputs",
                  out.size(), n_outputs);
    }
    return out;
  }

  template <typename T>
  static Result<std::vector<T>> numbers(const UbjsonValue& tree, std::string_view key, size_t n) {
    const auto* value = TRY(tree.member(key));
    auto read = value->numbers<T>();
    if (!read.ok()) {
      return fail(Code::invalid_parameter_value, "'{}': {}", key, read.error().message);
    }
    if (read.value().size() != n) {
      return fail(Code::invalid_parameter_value, "'{}' has {} numbers instead of {}", key,
                  read.value().size(), n);
    }
    return read;
  }

  // Splits by category: node categories_nodes[i] has the categories_sizes[i] members of
  // `categories` from categories_segments[i] on.
  static Result<void> read_categories(const UbjsonValue& json, Tree& tree) {
    const auto* nodes_value = json.find("categories_nodes");
    if (nodes_value == nullptr) return {};  // before 1.3
    const auto nodes = TRY(nodes_value->numbers<int64_t>());
    const auto segments = TRY(numbers<int64_t>(json, "categories_segments", nodes.size()));
    const auto sizes = TRY(numbers<int64_t>(json, "categories_sizes", nodes.size()));
    const auto* all_value = TRY(json.member("categories"));
    const auto all = TRY(all_value->numbers<int64_t>());
    size_t n_members = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      const auto node = nodes[i];
      const auto begin = segments[i];
      const auto n_all = static_cast<int64_t>(all.size());
      if (node < 0 || static_cast<size_t>(node) >= tree.nodes.size() || begin < 0 || sizes[i] < 0 ||
          begin > n_all || sizes[i] > n_all - begin) {
        return fail(Code::invalid_parameter_value, "category segment {} is out of range", i);
      }
      n_members += static_cast<size_t>(sizes[i]);  // segments that overlap would multiply
      if (n_members > all.size()) {
        return fail(Code::invalid_parameter_value, "category segment {} overlaps another", i);
      }
      std::vector<uint32_t> members;
      for (int64_t k = begin; k < begin + sizes[i]; ++k) {
        const auto category = all[static_cast<size_t>(k)];
        if (category < 0 || category >= 1 << 24) {
          return fail(Code::invalid_parameter_value, "category {} is out of range", category);
        }
        members.push_back(static_cast<uint32_t>(category));
      }
      tree.nodes[static_cast<size_t>(node)].category_set =
          static_cast<int32_t>(tree.category_sets.size());
      tree.category_sets.push_back(std::move(members));
    }
    return {};
  }

  static Result<Tree> read_tree(const UbjsonValue& json) {
    const auto* parameters = TRY(json.member("tree_param"));
    const size_t n = TRY(parameter(*parameters, "num_nodes"));
    const auto left = TRY(numbers<int64_t>(json, "left_children", n));
    const auto right = TRY(numbers<int64_t>(json, "right_children", n));
    const auto features = TRY(numbers<int64_t>(json, "split_indices", n));
    const auto values = TRY(numbers<float>(json, "split_conditions", n));
    const auto default_left = TRY(numbers<int64_t>(json, "default_left", n));
    Tree tree;
    tree.nodes.resize(n);
    for (size_t i = 0; i < n; ++i) {
      const auto narrow = [](int64_t index) {  // what does not fit is out of range all the same
        return index < 0 || index > std::numeric_limits<int32_t>::max()
                   ? (index == -1 ? -1 : std::numeric_limits<int32_t>::max())
                   : static_cast<int32_t>(index);
      };
      auto& node = tree.nodes[i];
      node.left = narrow(left[i]);
      node.right = narrow(right[i]);
      node.feature = static_cast<uint32_t>(narrow(features[i]));
      node.value = values[i];
      node.default_left = default_left[i] != 0;
    }
    TRY(read_categories(json, tree));
    if (const auto* types = json.find("split_type")) {
      const auto kinds = TRY(types->numbers<int64_t>());
      for (size_t i = 0; i < n && i < kinds.size(); ++i) {
        const auto& node = tree.nodes[i];
        if ((kinds[i] != 0) != (node.category_set >= 0) && node.left != -1) {
          return fail(Code::invalid_parameter_value, "node {} splits by category but has none", i);
        }
      }
    }
    return tree;
  }

  static Result<std::vector<Tree>> read_trees(const UbjsonValue& model) {
    const auto* trees_value = TRY(model.member("trees"));
    const auto* jsons = std::get_if<UbjsonValue::Array>(&trees_value->data);
    if (jsons == nullptr) return fail(Code::invalid_parameter_value, "'trees' is not an array");
    const auto outputs = TRY(numbers<int64_t>(model, "tree_info", jsons->size()));
    std::vector<Tree> trees;
    for (size_t i = 0; i < jsons->size(); ++i) {
      auto tree = read_tree((*jsons)[i]);
      if (!tree.ok()) {
        return fail(Code::invalid_parameter_value, "tree {}: {}", i, tree.error().message);
      }
      if (outputs[i] < 0 || outputs[i] > std::numeric_limits<int32_t>::max()) {
        return fail(Code::invalid_parameter_value, "tree {}: adds to output {}", i, outputs[i]);
      }
      tree.value().output = static_cast<uint32_t>(outputs[i]);
      trees.push_back(std::move(tree).value());
    }
    return trees;
  }

  static Result<XgboostModel> read(const UbjsonValue& document) {
    const auto* learner = TRY(document.member("learner"));
    const auto* booster = TRY(learner->member("gradient_booster"));
    const auto booster_name = TRY(text(*booster, "name"));
    if (booster_name != "gbtree") {
      return fail(Code::not_implemented, "XGBoost booster '{}'; only gbtree is read", booster_name);
    }
    const auto* objective_value = TRY(learner->member("objective"));
    const auto name = TRY(text(*objective_value, "name"));
    const auto* objective = std::ranges::find(kObjectives, name, &Objective::name);
    if (objective == std::end(kObjectives)) {
      return fail(Code::not_implemented, "XGBoost objective '{}'", name);
    }
    const auto* parameters = TRY(learner->member("learner_model_param"));
    const size_t n_features = TRY(parameter(*parameters, "num_feature"));
    const size_t n_classes = TRY(parameter(*parameters, "num_class"));
    size_t n_targets = 1;
    if (parameters->find("num_target") != nullptr) {  // since 1.6
      n_targets = TRY(parameter(*parameters, "num_target"));
    }
    const auto n_outputs = std::max<size_t>({n_classes, n_targets, 1});
    if (n_outputs > 1'000'000) {
      return fail(Code::invalid_parameter_value, "{} outputs are too many", n_outputs);
    }

    const auto* model = TRY(booster->member("model"));
    TRY(refuse_vector_leaves(*model));
    const auto trees = TRY(read_trees(*model));
    auto scores = TRY(base_scores(*parameters, n_outputs, objective->link));
    auto ensemble = TRY(TreeEnsemble::make(trees, n_features, std::move(scores)));
    XgboostModel out(std::move(ensemble));
    out.transform_ = objective->transform;
    out.objective_ = name;
    const auto version = TRY(numbers<int64_t>(document, "version", 3));
    out.version_ = fmt::format("{}.{}.{}", version[0], version[1], version[2]);
    out.feature_names_ = TRY(texts(*learner, "feature_names"));
    out.feature_types_ = TRY(texts(*learner, "feature_types"));
    for (const auto* list : {&out.feature_names_, &out.feature_types_}) {
      if (!list->empty() && list->size() != n_features) {
        return fail(Code::invalid_parameter_value, "{} names or types of {} features", list->size(),
                    n_features);
      }
    }
    return out;
  }

  static Result<void> refuse_vector_leaves(const UbjsonValue& model) {
    const auto* trees = TRY(model.member("trees"));
    const auto* jsons = std::get_if<UbjsonValue::Array>(&trees->data);
    if (jsons == nullptr || jsons->empty()) return {};
    const auto* parameters = TRY(jsons->front().member("tree_param"));
    if (parameters->find("size_leaf_vector") == nullptr) return {};
    const size_t size = TRY(parameter(*parameters, "size_leaf_vector"));
    if (size > 1) {
      return fail(Code::not_implemented, "XGBoost trees with vector leaves (multi_output_tree)");
    }
    return {};
  }
};

Result<XgboostModel> XgboostModel::parse(std::string_view bytes) {
  // after {, UBJSON has a length marker; JSON a quote or a blank
  const bool is_text =
      bytes.size() > 1 && std::string_view("\" \t\r\n").find(bytes[1]) != std::string_view::npos;
  if (!is_text) {
    const auto document = TRY(parse_ubjson(bytes));
    return XgboostReader::read(document);
  }
  const auto json = TRY(parse_json(bytes));
  const auto document = TRY(ubjson_from(json));
  return XgboostReader::read(document);
}

namespace {

// In float32 and with these constants, as XGBoost does, so that the results are equal to the bit.
float sigmoid(float sum) { return 1.0f / (std::exp(std::min(-sum, 88.7f)) + 1.0f + 1e-16f); }

void softmax(std::span<float> sums) {
  const float max = *std::ranges::max_element(sums);
  double total = 0;
  for (float& sum : sums) {
    sum = std::exp(sum - max);
    total += sum;
  }
  for (float& sum : sums) sum /= static_cast<float>(total);
}

}  // namespace

Result<std::vector<float>> XgboostModel::predict(MatrixView rows) const {
  if (rows.n_columns != n_features()) {
    return fail(Code::invalid_parameter_value, "{} columns; the XGBoost model takes {}",
                rows.n_columns, n_features());
  }
  const size_t width = trees_.n_outputs();
  std::vector<float> sums(rows.n_rows * width);
  trees_.predict(rows, sums);
  switch (transform_) {
    case Transform::none: break;
    case Transform::sigmoid:
      for (float& sum : sums) sum = sigmoid(sum);
      break;
    case Transform::exponential:
      for (float& sum : sums) sum = std::exp(sum);
      break;
    case Transform::softmax:
      for (size_t i = 0; i < rows.n_rows; ++i) {
        softmax(std::span(sums).subspan(i * width, width));
      }
      break;
    case Transform::class_of_max:
      for (size_t i = 0; i < rows.n_rows; ++i) {
        const auto row = std::span(sums).subspan(i * width, width);
        sums[i] = static_cast<float>(std::ranges::max_element(row) - row.begin());
      }
      sums.resize(rows.n_rows);
      break;
  }
  return sums;
}

}  // namespace slipway::models
