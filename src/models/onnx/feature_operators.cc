// Operators of ai.onnx.ml that prepare features: scaling, one-hot, imputing, labels.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "models/onnx/operators.h"

namespace slipway::models::onnx {
namespace {

// One value for all columns, or one for each.
template <typename T>
Result<void> fits(std::span<const T> values, const Extent& extent, std::string_view what) {
  if (values.size() <= 1 || values.size() == extent.n_columns) return {};
  return fail(Code::invalid_parameter_value, "{} {} for {} columns", values.size(), what,
              extent.n_columns);
}

template <typename T>
T of_column(const std::vector<T>& values, size_t column, T otherwise) {
  if (values.empty()) return otherwise;
  return values[values.size() == 1 ? 0 : column];
}

Result<Kernel> make_scaler(const NodeView& node) {
  const auto offset_list = node.floats("offset");
  const auto scale_list = node.floats("scale");
  const std::vector<float> offset(offset_list.begin(), offset_list.end());
  const std::vector<float> scale(scale_list.begin(), scale_list.end());
  return Kernel([offset, scale](Inputs in) -> Result<Outputs> {
    const auto extent = TRY(extent_of(*in[0]));
    TRY(fits<float>(offset, extent, "offsets"));
    TRY(fits<float>(scale, extent, "scales"));
    auto values = numbers<float>(*in[0]);
    if (values.size() != in[0]->size()) return fail(Code::invalid_parameter_value, "no numbers");
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t column = i % extent.n_columns;
      values[i] = (values[i] - of_column(offset, column, 0.0f)) * of_column(scale, column, 1.0f);
    }
    return one({in[0]->shape, std::move(values)});
  });
}

Result<Kernel> make_normalizer(const NodeView& node) {
  const auto norm = node.text("norm", "MAX");
  if (norm != "MAX" && norm != "L1" && norm != "L2") return node.odd("norm " + norm);
  return Kernel([norm](Inputs in) -> Result<Outputs> {
    const auto extent = TRY(extent_of(*in[0]));
    auto values = numbers<float>(*in[0]);
    if (values.size() != in[0]->size()) return fail(Code::invalid_parameter_value, "no numbers");
    for (size_t i = 0; i < extent.n_rows; ++i) {
      const std::span<float> row{values.data() + i * extent.n_columns, extent.n_columns};
      float size = norm == "MAX" ? -std::numeric_limits<float>::infinity() : 0;
      for (const float x : row) {
        if (norm == "MAX") size = std::max(size, x);
        if (norm == "L1") size += std::abs(x);
        if (norm == "L2") size += x * x;
      }
      if (size == 0) continue;
      for (float& x : row) {
        if (norm == "L2") {
          const float root = std::sqrt(x * x / size);
          x = x < 0 ? -root : root;
        } else {
          x /= size;
        }
      }
    }
    return one({in[0]->shape, std::move(values)});
  });
}

Result<Kernel> make_imputer(const NodeView& node) {
  const bool whole = node.has("imputed_value_int64s");
  std::vector<double> fill;
  double missing = 0;
  if (whole) {
    for (const int64_t value : node.integers("imputed_value_int64s")) {
      fill.push_back(static_cast<double>(value));
    }
    missing = static_cast<double>(node.integer("replaced_value_int64", 0));
  } else {
    for (const float value : node.floats("imputed_value_floats")) fill.push_back(value);
    missing = node.number("replaced_value_float", 0);
  }
  if (fill.empty()) return node.odd("it has no values to put in");
  return Kernel([fill, missing](Inputs in) -> Result<Outputs> {
    const auto extent = TRY(extent_of(*in[0]));
    TRY(fits<double>(fill, extent, "values"));
    Tensor out = *in[0];
    if (out.element() == Element::string) {
      return fail(Code::invalid_parameter_value, "texts cannot be imputed");
    }
    std::visit(
        [&](auto& values) {
          using T = typename std::decay_t<decltype(values)>::value_type;
          if constexpr (std::is_arithmetic_v<T>) {
            for (size_t i = 0; i < values.size(); ++i) {
              const auto x = static_cast<double>(values[i]);
              if (x == missing || (std::isnan(x) && std::isnan(missing))) {
                values[i] = cast<T>(of_column(fill, i % extent.n_columns, 0.0));
              }
            }
          }
        },
        out.values);
    return one(std::move(out));
  });
}

Result<Kernel> make_binarizer(const NodeView& node) {
  const float threshold = node.number("threshold", 0);
  return Kernel([threshold](Inputs in) -> Result<Outputs> {
    auto values = numbers<float>(*in[0]);
    if (values.size() != in[0]->size()) return fail(Code::invalid_parameter_value, "no numbers");
    for (float& x : values) x = x > threshold ? 1 : 0;
    return one({in[0]->shape, std::move(values)});
  });
}

// Categories are texts or whole numbers; floats are cut to whole numbers.
Result<Kernel> make_one_hot(const NodeView& node) {
  std::map<std::string, size_t, std::less<>> texts;
  std::map<int64_t, size_t> wholes;
  for (const auto& text : node.strings("cats_strings")) texts.emplace(text, texts.size());
  for (const int64_t number : node.integers("cats_int64s")) wholes.emplace(number, wholes.size());
  const size_t n = std::max(texts.size(), wholes.size());
  if (n == 0 || (!texts.empty() && !wholes.empty()) ||
      n != std::max(node.strings("cats_strings").size(), node.integers("cats_int64s").size())) {
    return node.odd("its categories are not possible");
  }
  const bool zeros = node.integer("zeros", 1) != 0;
  return Kernel([=](Inputs in) -> Result<Outputs> {
    const auto* strings = in[0]->as<std::string>();
    if ((strings != nullptr) != !texts.empty()) {
      return fail(Code::invalid_parameter_value, "{} where categories are {}",
                  element_name(in[0]->element()), texts.empty() ? "numbers" : "texts");
    }
    Shape shape = in[0]->shape;
    shape.push_back(static_cast<int64_t>(n));
    const size_t total = TRY(count(shape));
    std::vector<float> out(total, 0);
    for (size_t i = 0; i < in[0]->size(); ++i) {
      size_t place = n;
      if (strings != nullptr) {
        const auto found = texts.find((*strings)[i]);
        if (found != texts.end()) place = found->second;
      } else {
        const auto found = wholes.find(cast<int64_t>(in[0]->number_at(i)));
        if (found != wholes.end()) place = found->second;
      }
      if (place < n) {
        out[i * n + place] = 1;
      } else if (!zeros) {
        return fail(Code::invalid_parameter_value, "a category that is not among the {}", n);
      }
    }
    return one({std::move(shape), std::move(out)});
  });
}

Result<Kernel> make_extractor(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    const auto wanted = TRY(integers(*in[1]));
    const auto& x = *in[0];
    if (x.rank() == 0) return fail(Code::invalid_parameter_value, "there are no columns");
    const auto n_columns = x.shape.back();
    for (const int64_t i : wanted) {
      if (i >= 0 && i < n_columns) continue;
      return fail(Code::invalid_parameter_value, "column {} of {} is wanted", i, n_columns);
    }
    Shape shape = x.shape;
    shape.back() = static_cast<int64_t>(wanted.size());
    if (x.rank() == 1) shape = {1, static_cast<int64_t>(wanted.size())};
    const size_t total = TRY(count(shape));
    return std::visit(
        [&](const auto& values) -> Result<Outputs> {
          std::decay_t<decltype(values)> out;
          out.reserve(total);
          const size_t n_rows = n_columns == 0 ? 0 : values.size() / static_cast<size_t>(n_columns);
          for (size_t row = 0; row < n_rows; ++row) {
            for (const int64_t i : wanted) {
              out.push_back(values[row * static_cast<size_t>(n_columns) + static_cast<size_t>(i)]);
            }
          }
          return one({std::move(shape), std::move(out)});
        },
        x.values);
  });
}

Result<Kernel> make_vectorizer(const NodeView& node) {
  const auto given = node.integers("inputdimensions");
  const std::vector<int64_t> widths(given.begin(), given.end());
  return Kernel([widths](Inputs in) -> Result<Outputs> {
    if (widths.size() != in.size()) return fail(Code::invalid_parameter_value, "inputdimensions");
    std::vector<std::vector<float>> parts;
    int64_t width = 0;
    size_t n_rows = 0;
    for (size_t k = 0; k < in.size(); ++k) {
      const auto extent = TRY(extent_of(*in[k]));
      if (k == 0) n_rows = extent.n_rows;
      auto values = numbers<float>(*in[k]);
      if (extent.n_rows != n_rows || extent.n_columns != static_cast<uint64_t>(widths[k]) ||
          values.size() != in[k]->size()) {
        return fail(Code::invalid_parameter_value, "input {} has the shape {}", k,
                    shape_text(in[k]->shape));
      }
      parts.push_back(std::move(values));
      width += widths[k];
    }
    Shape shape{static_cast<int64_t>(n_rows), width};
    const size_t total = TRY(count(shape));
    std::vector<float> out;
    out.reserve(total);
    for (size_t row = 0; row < n_rows; ++row) {
      for (size_t k = 0; k < parts.size(); ++k) {
        const auto begin = parts[k].begin() + static_cast<ptrdiff_t>(row) * widths[k];
        out.insert(out.end(), begin, begin + widths[k]);
      }
    }
    return one({std::move(shape), std::move(out)});
  });
}

/// Keys and values of a LabelEncoder, of whatever types.
struct Mapping {
  std::map<std::string, size_t, std::less<>> texts;
  std::map<double, size_t> numbers;
  std::optional<size_t> nan;
  bool text_keys = false;
  Tensor values;  // the last one is for keys that are not there

  std::optional<size_t> find(const Tensor& x, size_t i) const {
    if (text_keys) {
      const auto found = texts.find((*x.as<std::string>())[i]);
      return found == texts.end() ? std::nullopt : std::optional(found->second);
    }
    const double key = x.number_at(i);
    if (std::isnan(key)) return nan;
    const auto found = numbers.find(key);
    return found == numbers.end() ? std::nullopt : std::optional(found->second);
  }
};

Result<Mapping> read_mapping(const NodeView& node) {
  Mapping out;
  size_t n_keys = 0;
  const auto add_number = [&](double key) {
    if (std::isnan(key)) {
      out.nan = n_keys++;
    } else {
      out.numbers.emplace(key, n_keys++);
    }
  };
  for (const auto& key : node.strings("keys_strings")) out.texts.emplace(key, n_keys++);
  out.text_keys = n_keys > 0;
  for (const auto key : node.integers("keys_int64s")) add_number(static_cast<double>(key));
  for (const auto key : node.floats("keys_floats")) add_number(key);
  if (node.has("keys_tensor")) {
    const auto keys = TRY(node.tensor("keys_tensor"));
    const auto* texts = keys.as<std::string>();
    out.text_keys = texts != nullptr;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (texts != nullptr) {
        out.texts.emplace((*texts)[i], n_keys++);
      } else {
        add_number(keys.number_at(i));
      }
    }
  }
  const auto append = [&](auto list, auto otherwise) {
    using T = decltype(otherwise);
    std::vector<T> values(list.begin(), list.end());
    values.push_back(otherwise);
    out.values.values = std::move(values);
  };
  if (node.has("values_strings")) {
    append(node.strings("values_strings"), node.text("default_string", "_Unused"));
  } else if (node.has("values_int64s")) {
    append(node.integers("values_int64s"), node.integer("default_int64", -1));
  } else if (node.has("values_floats")) {
    append(node.floats("values_floats"), node.number("default_float", -0.0f));
  } else {
    out.values = TRY(node.tensor("values_tensor"));
    auto otherwise = node.tensor("default_tensor");
    std::visit(
        [&](auto& values) {
          using V = std::decay_t<decltype(values)>;
          const V* given = otherwise.ok() ? std::get_if<V>(&otherwise->values) : nullptr;
          if (given != nullptr && given->size() == 1) {
            values.push_back((*given)[0]);
          } else if constexpr (std::is_same_v<V, std::vector<std::string>>) {
            values.emplace_back("_Unused");
          } else if constexpr (std::is_same_v<V, std::vector<int64_t>>) {
            values.push_back(-1);
          } else {
            values.push_back({});
          }
        },
        out.values.values);
  }
  if (n_keys == 0 || out.values.size() != n_keys + 1) return node.odd("its keys fit no values");
  return out;
}

Result<Kernel> make_labels(const NodeView& node) {
  if (node.has("classes_strings")) return node.unsupported("the form before ai.onnx.ml 2");
  auto mapping = TRY(read_mapping(node));
  const auto shared = std::make_shared<const Mapping>(std::move(mapping));
  return Kernel([shared](Inputs in) -> Result<Outputs> {
    if ((in[0]->element() == Element::string) != shared->text_keys) {
      return fail(Code::invalid_parameter_value, "{} where keys are {}",
                  element_name(in[0]->element()), shared->text_keys ? "texts" : "numbers");
    }
    return std::visit(
        [&](const auto& values) -> Result<Outputs> {
          std::decay_t<decltype(values)> out;
          out.reserve(in[0]->size());
          for (size_t i = 0; i < in[0]->size(); ++i) {
            out.push_back(values[shared->find(*in[0], i).value_or(values.size() - 1)]);
          }
          return one({in[0]->shape, std::move(out)});
        },
        shared->values.values);
  });
}

constexpr OperatorRow kRows[] = {
    {"ArrayFeatureExtractor", 2, 2, 1, make_extractor},
    {"Binarizer", 1, 1, 1, make_binarizer},
    {"FeatureVectorizer", 1, kAny, 1, make_vectorizer},
    {"Imputer", 1, 1, 1, make_imputer},
    {"LabelEncoder", 1, 1, 1, make_labels},
    {"Normalizer", 1, 1, 1, make_normalizer},
    {"OneHotEncoder", 1, 1, 1, make_one_hot},
    {"Scaler", 1, 1, 1, make_scaler},
};

}  // namespace

std::span<const OperatorRow> feature_rows() { return kRows; }

}  // namespace slipway::models::onnx
