#include "models/lightgbm_model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <span>

#include "base/text.h"

namespace slipway::models {
namespace {

constexpr double kZero = 1e-35f;  // LightGBM's kZeroThreshold
constexpr size_t kMaxFeatures = 1u << 24;
constexpr size_t kMaxOutputs = 1u << 16;

using Fields = std::map<std::string_view, std::string_view>;

Error broken(std::string_view what) { return {Code::invalid_parameter_value, std::string(what)}; }

Result<std::string_view> field(const Fields& fields, std::string_view key) {
  const auto found = fields.find(key);
  if (found == fields.end()) {
    return fail(Code::invalid_parameter_value, "'{}' is missing", key);
  }
  return found->second;
}

Result<size_t> count(const Fields& fields, std::string_view key, size_t max) {
  const auto text = TRY(field(fields, key));
  const auto value = to_integer(text);
  if (!value || *value < 0 || static_cast<size_t>(*value) > max) {
    return fail(Code::invalid_parameter_value, "'{}' is {}, not a count up to {}", key, text, max);
  }
  return static_cast<size_t>(*value);
}

// Numbers with blanks between them.
template <typename T>
Result<std::vector<T>> numbers(const Fields& fields, std::string_view key, size_t n) {
  const auto text = TRY(field(fields, key));
  std::vector<T> out;
  if (n > text.size()) {
    return fail(Code::invalid_parameter_value, "'{}' has fewer than {} numbers", key, n);
  }
  out.reserve(n);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    while (at < end && *at == ' ') ++at;
    if (at == end) break;
    T value = 0;
    const auto [after, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (after < end && *after != ' ') || out.size() == n) {
      return fail(Code::invalid_parameter_value, "'{}' has something else than {} numbers at '{}'",
                  key, n, std::string_view(at, std::min<size_t>(end - at, 20)));
    }
    out.push_back(value);
    at = after;
  }
  if (out.size() != n) {
    return fail(Code::invalid_parameter_value, "'{}' has {} numbers instead of {}", key, out.size(),
                n);
  }
  return out;
}

// A text that is read line by line.
struct Lines {
  std::string_view left;

  bool empty() const { return left.empty(); }
  std::string_view next() {
    const size_t end = left.find('\n');
    auto line = left.substr(0, end);
    left.remove_prefix(end == left.npos ? left.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
};

}  // namespace

struct LightgbmReader {
  using Transform = LightgbmModel::Transform;

  struct Objective {
    std::string_view name;
    Transform transform;
  };
  static constexpr Objective kObjectives[] = {
      {"regression", Transform::none},
      {"regression_l1", Transform::none},
      {"huber", Transform::none},
      {"fair", Transform::none},
      {"quantile", Transform::none},
      {"mape", Transform::none},
      {"poisson", Transform::exponential},
      {"gamma", Transform::exponential},
      {"tweedie", Transform::exponential},
      {"binary", Transform::sigmoid},
      {"multiclass", Transform::softmax},
      {"multiclassova", Transform::sigmoid},
      {"cross_entropy", Transform::sigmoid},
      {"cross_entropy_lambda", Transform::log1p_exp},
      {"lambdarank", Transform::none},
      {"rank_xendcg", Transform::none},
      {"custom", Transform::none},
      {"none", Transform::none},
  };

  // Splits by category: the bits from cat_boundaries[i] on, in words of 32.
  static Result<void> read_sets(const Fields& fields, size_t n_sets, Tree& tree) {
    const auto bounds = TRY(numbers<int64_t>(fields, "cat_boundaries", n_sets + 1));
    if (bounds.back() < 0 || bounds.back() > std::numeric_limits<int32_t>::max()) {
      return broken("'cat_boundaries' are out of range");
    }
    const auto words =
        TRY(numbers<uint32_t>(fields, "cat_threshold", static_cast<size_t>(bounds.back())));
    if (bounds.front() < 0 || !std::ranges::is_sorted(bounds)) {
      return broken("'cat_boundaries' are out of order");
    }
    tree.category_sets.resize(n_sets);
    for (size_t i = 0; i < n_sets; ++i) {
      const auto begin = static_cast<size_t>(bounds[i]);
      const auto set = std::span(words).subspan(begin, static_cast<size_t>(bounds[i + 1]) - begin);
      for (size_t bit = 0; bit < set.size() * 32; ++bit) {
        if ((set[bit / 32] >> (bit % 32) & 1) == 0) continue;
        tree.category_sets[i].push_back(static_cast<uint32_t>(bit));
      }
    }
    return {};
  }

  // The library takes |x| up to kZero for 0 before it compares. That is the same as moving what
  // lies within to the bound.
  static double without_zero(double threshold) {
    if (threshold >= 0 && threshold < kZero) return kZero;
    if (threshold < 0 && threshold >= -kZero) {
      return std::nextafter(-kZero, -std::numeric_limits<double>::infinity());
    }
    return threshold;
  }

  static Result<void> read_splits(const Fields& fields, size_t n_splits, size_t n_sets,
                                  Tree& tree) {
    const auto left = TRY(numbers<int32_t>(fields, "left_child", n_splits));
    const auto right = TRY(numbers<int32_t>(fields, "right_child", n_splits));
    const auto features = TRY(numbers<int32_t>(fields, "split_feature", n_splits));
    const auto thresholds = TRY(numbers<double>(fields, "threshold", n_splits));
    std::vector<int32_t> kinds(n_splits, 0);
    if (fields.contains("decision_type")) {
      kinds = TRY(numbers<int32_t>(fields, "decision_type", n_splits));
    }
    for (size_t i = 0; i < n_splits; ++i) {
      auto& node = tree.nodes[i];
      // leaves are numbered -1, -2, …; here they follow the splits
      const auto child = [&](int32_t c) {
        const int64_t place = c >= 0 ? c : static_cast<int64_t>(n_splits) - 1 - c;
        const bool is_split = c >= 0 && c >= static_cast<int64_t>(n_splits);
        return is_split || place >= static_cast<int64_t>(tree.nodes.size())
                   ? std::numeric_limits<int32_t>::max()
                   : static_cast<int32_t>(place);
      };
      node.left = child(left[i]);
      node.right = child(right[i]);
      node.feature = static_cast<uint32_t>(features[i]);
      node.default_left = (kinds[i] & 2) != 0;
      if ((kinds[i] & 1) != 0) {
        if (!(thresholds[i] >= 0 && thresholds[i] < static_cast<double>(n_sets))) {
          return fail(Code::invalid_parameter_value, "node {} has category set {}, there are {}", i,
                      thresholds[i], n_sets);
        }
        node.category_set = static_cast<int32_t>(thresholds[i]);
        node.set_goes_left = true;
        node.default_left = false;
        continue;
      }
      node.value = without_zero(thresholds[i]);
      switch (kinds[i] >> 2 & 3) {
        case 0: node.missing = Missing::none; break;
        case 1: node.missing = Missing::nan_or_zero; break;
        case 2: node.missing = Missing::nan; break;
        default:
          return fail(Code::invalid_parameter_value, "node {}: decision_type {}", i, kinds[i]);
      }
    }
    return {};
  }

  static Result<void> read_linears(const Fields& fields, size_t n_leaves, Tree& tree) {
    const auto constants = TRY(numbers<double>(fields, "leaf_const", n_leaves));
    const auto counts = TRY(numbers<int32_t>(fields, "num_features", n_leaves));
    size_t total = 0;
    for (const auto n : counts) {
      if (n < 0) return broken("'num_features' has a negative number");
      total += static_cast<size_t>(n);
    }
    const auto features = TRY(numbers<uint32_t>(fields, "leaf_features", total));
    const auto coefficients = TRY(numbers<double>(fields, "leaf_coeff", total));
    const size_t n_splits = tree.nodes.size() - n_leaves;
    auto feature = features.begin();
    auto coefficient = coefficients.begin();
    for (size_t i = 0; i < n_leaves; ++i) {
      tree.linears.push_back({static_cast<int32_t>(n_splits + i),
                              constants[i],
                              {feature, feature + counts[i]},
                              {coefficient, coefficient + counts[i]}});
      feature += counts[i];
      coefficient += counts[i];
    }
    return {};
  }

  static Result<Tree> read_tree(const Fields& fields, size_t text_size) {
    const size_t n_leaves = TRY(count(fields, "num_leaves", text_size));
    const size_t n_sets = TRY(count(fields, "num_cat", text_size));
    if (n_leaves == 0) return broken("'num_leaves' is 0");
    const auto values = TRY(numbers<double>(fields, "leaf_value", n_leaves));
    const size_t n_splits = n_leaves - 1;
    Tree tree;
    tree.nodes.resize(n_splits + n_leaves);
    for (size_t i = 0; i < n_leaves; ++i) tree.nodes[n_splits + i].value = values[i];
    if (n_sets > 0 && n_splits > 0) TRY(read_sets(fields, n_sets, tree));
    if (n_splits > 0) TRY(read_splits(fields, n_splits, n_sets, tree));
    const auto linear = fields.find("is_linear");
    if (linear != fields.end() && linear->second == "1") TRY(read_linears(fields, n_leaves, tree));
    return tree;
  }

  static Result<std::vector<Tree>> read_trees(Lines& lines, std::string_view first) {
    std::vector<Tree> trees;
    auto line = first;
    while (line.starts_with("Tree=")) {
      Fields fields;
      const size_t size = lines.left.size();
      for (line = lines.next(); !line.empty(); line = lines.next()) {
        const size_t equals = line.find('=');
        if (equals != line.npos) fields[line.substr(0, equals)] = line.substr(equals + 1);
      }
      auto tree = read_tree(fields, size);
      if (!tree.ok()) {
        return fail(Code::invalid_parameter_value, "tree {}: {}", trees.size(),
                    tree.error().message);
      }
      trees.push_back(std::move(tree).value());
      while (line.empty() && !lines.empty()) line = lines.next();
    }
    if (line != "end of trees") {
      return fail(Code::invalid_parameter_value, "after tree {}: '{}' instead of 'end of trees'",
                  static_cast<int64_t>(trees.size()) - 1, line.substr(0, 60));
    }
    return trees;
  }

  // "binary sigmoid:1", "multiclass num_class:3", "regression sqrt"
  static Result<void> read_objective(std::string_view text, LightgbmModel& out) {
    const auto words = split(text, ' ');
    if (words.empty()) return {};
    const auto* objective = std::ranges::find(kObjectives, words[0], &Objective::name);
    if (objective == std::end(kObjectives)) {
      return fail(Code::not_implemented, "LightGBM objective '{}'", words[0]);
    }
    out.objective_ = words[0];
    out.transform_ = objective->transform;
    for (const std::string_view word : words) {
      if (word == "sqrt" && out.transform_ == Transform::none) out.transform_ = Transform::square;
      if (!word.starts_with("sigmoid:")) continue;
      const auto sigmoid = to_number(word.substr(8));
      if (!sigmoid) return fail(Code::invalid_parameter_value, "objective '{}'", text);
      if (words[0] != "cross_entropy") out.sigmoid_ = *sigmoid;
    }
    return {};
  }

  // The last line: pandas_categorical:[["a", "b"], [1, 2]], or null.
  static Result<void> read_pandas_categories(std::string_view rest, LightgbmModel& out) {
    constexpr std::string_view kKey = "pandas_categorical:";
    const size_t at = rest.rfind(kKey);
    if (at == rest.npos) return {};
    auto json = parse_json(trim(rest.substr(at + kKey.size())));
    if (!json.ok()) {
      return fail(Code::invalid_parameter_value, "pandas_categorical: {}", json.error().message);
    }
    if (json->is_null()) return {};
    if (!json->is_array()) return broken("pandas_categorical is not a list");
    for (const auto& list : json->get_array()) {
      if (!list.is_array()) return broken("pandas_categorical has something else than lists");
      out.pandas_categories_.push_back(list);
    }
    return {};
  }

  struct Header {
    size_t n_features = 0;
    size_t n_outputs = 1;
  };

  static Result<Header> read_header(const Fields& fields) {
    Header header;
    const size_t last = TRY(count(fields, "max_feature_idx", kMaxFeatures));
    header.n_features = last + 1;
    header.n_outputs = TRY(count(fields, "num_class", kMaxOutputs));
    if (fields.contains("num_tree_per_iteration")) {
      header.n_outputs = TRY(count(fields, "num_tree_per_iteration", kMaxOutputs));
    }
    if (header.n_outputs == 0) return broken("'num_tree_per_iteration' is 0");
    return header;
  }

  static Result<LightgbmModel> read(std::string_view text, size_t n_iterations) {
    Lines lines{text};
    if (trim(lines.next()) != "tree") return broken("not a LightGBM model: line 1 is not 'tree'");
    Fields fields;
    std::string_view line;
    while (!lines.empty()) {
      line = lines.next();
      if (line.starts_with("Tree=") || line == "end of trees") break;
      const size_t equals = line.find('=');
      fields[line.substr(0, equals)] = equals == line.npos ? "" : line.substr(equals + 1);
    }
    const auto header = TRY(read_header(fields));
    auto trees = TRY(read_trees(lines, line));
    if (n_iterations < trees.size() / header.n_outputs) {
      trees.resize(n_iterations * header.n_outputs);
    }
    for (size_t i = 0; i < trees.size(); ++i) {
      trees[i].output = static_cast<uint32_t>(i % header.n_outputs);
    }
    auto ensemble = TRY(TreeEnsemble::make(
        trees, {header.n_features, std::vector<double>(header.n_outputs, 0.0), Number::float64,
                Number::float64, Compare::less_equal, CategoryCut::toward_zero}));
    LightgbmModel out(std::move(ensemble));
    if (fields.contains("average_output") && !trees.empty()) {
      out.n_averaged_ = static_cast<double>(trees.size() / header.n_outputs);
    }
    if (fields.contains("objective")) TRY(read_objective(fields.at("objective"), out));
    TRY(read_features(fields, trees, header.n_features, out));
    TRY(read_pandas_categories(lines.left, out));
    return out;
  }

  static Result<void> read_features(const Fields& fields, const std::vector<Tree>& trees,
                                    size_t n_features, LightgbmModel& out) {
    const auto names = TRY(field(fields, "feature_names"));
    out.feature_names_ = split(names, ' ');
    if (out.feature_names_.size() != n_features) {
      return fail(Code::invalid_parameter_value, "'feature_names' has {} names of {} features",
                  out.feature_names_.size(), n_features);
    }
    // numbers are "[low:high]" there, categories "2:0:1"
    out.is_category_.assign(n_features, false);
    if (fields.contains("feature_infos")) {
      const auto infos = split(fields.at("feature_infos"), ' ');
      for (size_t i = 0; i < infos.size() && i < n_features; ++i) {
        out.is_category_[i] = infos[i] != "none" && !infos[i].starts_with('[');
      }
    }
    for (const auto& tree : trees) {
      for (const auto& node : tree.nodes) {
        if (node.category_set >= 0 && node.feature < n_features) {
          out.is_category_[node.feature] = true;
        }
      }
    }
    return {};
  }
};

Result<LightgbmModel> LightgbmModel::parse(std::string_view text, size_t n_iterations) {
  return LightgbmReader::read(text, n_iterations);
}

Result<std::vector<double>> LightgbmModel::predict_raw(Matrix64View rows) const {
  if (rows.n_columns != n_features()) {
    return fail(Code::invalid_parameter_value, "{} columns; the LightGBM model takes {}",
                rows.n_columns, n_features());
  }
  std::vector<double> sums(rows.n_rows * n_outputs());
  trees_.predict(rows, sums);
  if (n_averaged_ != 1) {
    for (double& sum : sums) sum /= n_averaged_;
  }
  return sums;
}

namespace {

void softmax(std::span<double> sums) {
  const double max = *std::ranges::max_element(sums);
  double total = 0;
  for (double& sum : sums) {
    sum = std::exp(sum - max);
    total += sum;
  }
  for (double& sum : sums) sum /= total;
}

}  // namespace

Result<std::vector<double>> LightgbmModel::predict(Matrix64View rows) const {
  auto sums = TRY(predict_raw(rows));
  switch (transform_) {
    case Transform::none: break;
    case Transform::square:
      for (double& sum : sums) sum = (sum > 0 ? 1 : sum < 0 ? -1 : 0) * sum * sum;
      break;
    case Transform::sigmoid:
      for (double& sum : sums) sum = 1.0 / (1.0 + std::exp(-sigmoid_ * sum));
      break;
    case Transform::exponential:
      for (double& sum : sums) sum = std::exp(sum);
      break;
    case Transform::log1p_exp:
      for (double& sum : sums) sum = std::log1p(std::exp(sum));
      break;
    case Transform::softmax:
      for (size_t i = 0; i < rows.n_rows; ++i) {
        softmax(std::span(sums).subspan(i * n_outputs(), n_outputs()));
      }
      break;
  }
  return sums;
}

}  // namespace slipway::models
