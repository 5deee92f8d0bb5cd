#include "models/catboost_flavor.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace slipway::models {
namespace {

enum class Answer { values, exponents, label_of_two, label_of_many, flags };

struct Labels {
  data::Column classes;  // in the order of the outputs
  double threshold = 0;  // of two: the raw value above which it is the second
};

// {"class_names": [0, 1], …}: whole numbers, numbers, texts or truth values.
Result<data::Column> classes_of(const std::string& text) {
  const auto json = TRY(parse_json(text));
  const auto names = TRY(array_member(json, "class_names"));
  const auto all = [&](auto&& is) { return std::ranges::all_of(*names, is); };
  if (all([](const Json& j) { return j.is_string(); })) {
    std::vector<std::string> texts;
    for (const auto& name : *names) texts.emplace_back(name.get_string());
    return data::string_column("", texts);
  }
  if (all([](const Json& j) { return j.is_bool(); })) {
    std::vector<uint8_t> truths;
    for (const auto& name : *names) truths.push_back(name.get_bool() ? 1 : 0);
    return data::Column{"", data::Type::boolean, std::move(truths), {}};
  }
  if (!all([](const Json& j) { return j.is_number(); })) {
    return fail(Code::not_implemented, "CatBoost's class names of mixed kinds");
  }
  const auto* kind = find(json, "class_label_type");
  const bool whole = kind == nullptr || !kind->is_string() || kind->get_string() == "Integer";
  if (whole) {
    std::vector<int64_t> numbers;
    for (const auto& name : *names) numbers.push_back(name.to_number<int64_t>());
    return data::int64_column("", std::move(numbers));
  }
  std::vector<double> numbers;
  for (const auto& name : *names) numbers.push_back(name.to_number<double>());
  return data::float64_column("", std::move(numbers));
}

std::string loss_of(const CatboostModel& model) {
  const auto json = parse_json(model.information("params"));
  const auto* loss = json.ok() ? find(*json, "loss_function") : nullptr;
  const auto* type = loss == nullptr ? nullptr : find(*loss, "type");
  return type != nullptr && type->is_string() ? std::string(type->get_string()) : "";
}

struct Form {
  Answer answer = Answer::values;
  Labels labels;
};

Result<Form> classifier_form(const CatboostModel& model, const std::string& loss) {
  Form out;
  const auto params = model.information("class_params");
  if (loss.starts_with("Multi") && loss != "MultiClass" && loss != "MultiClassOneVsAll") {
    out.answer = Answer::flags;
    return out;
  }
  out.answer = model.n_outputs() == 1 ? Answer::label_of_two : Answer::label_of_many;
  const size_t n = std::max<size_t>(model.n_outputs(), 2);
  if (!params.empty()) {
    out.labels.classes = TRY(classes_of(params));
  }
  if (out.labels.classes.size() == 0) {  // CrossEntropy names none
    std::vector<int64_t> numbers(n);
    for (size_t k = 0; k < n; ++k) numbers[k] = static_cast<int64_t>(k);
    out.labels.classes = data::int64_column("", std::move(numbers));
  }
  if (out.labels.classes.size() != n) {
    return fail(Code::invalid_parameter_value, "CatBoost model: {} class names for {} classes",
                out.labels.classes.size(), n);
  }
  const auto share = to_number(model.information("binclass_probability_threshold"));
  if (share) out.labels.threshold = std::log(*share / (1 - *share));
  return out;
}

Result<Form> form_of(const CatboostModel& model, std::string_view model_class) {
  const auto loss = loss_of(model);
  if (model_class == "CatBoostClassifier") return classifier_form(model, loss);
  Form out;
  if (model_class == "CatBoostRegressor") {
    if (loss.starts_with("RMSEWithUncertainty")) {
      return fail(Code::not_implemented, "CatBoost's loss '{}'", loss);
    }
    const bool exponent = loss.starts_with("Poisson") || loss.starts_with("Tweedie");
    if (exponent) out.answer = Answer::exponents;
    return out;
  }
  if (model_class != "CatBoost" && model_class != "CatBoostRanker") {
    return fail(Code::not_implemented, "CatBoost's class '{}'", model_class);
  }
  return out;
}

class CatboostFlavor : public Model {
 public:
  CatboostFlavor(CatboostModel model, Form form, Signature signature, std::string input_example)
      : model_(std::move(model)),
        form_(std::move(form)),
        signature_(std::move(signature)),
        input_example_(std::move(input_example)) {}

  const Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }
  bool predicts_matrix() const override { return form_.answer == Answer::label_of_many; }

  Result<data::Batch> predict(const data::Batch& rows) const override {
    data::Batch ready = rows;
    if (!signature_.inputs.empty()) ready = TRY(enforce(signature_, rows));
    const auto columns = TRY(columns_of(ready));
    auto raw = TRY(model_.predict(columns, ready.n_rows));
    const size_t width = model_.n_outputs();
    data::Batch out;
    out.n_rows = ready.n_rows;
    if (form_.answer == Answer::label_of_two || form_.answer == Answer::label_of_many) {
      std::vector<size_t> best(out.n_rows);
      for (size_t i = 0; i < out.n_rows; ++i) {
        const auto* row = raw.data() + i * width;
        best[i] = width == 1 ? (row[0] > form_.labels.threshold ? 1 : 0)
                             : static_cast<size_t>(std::max_element(row, row + width) - row);
      }
      data::Batch classes;
      classes.n_rows = form_.labels.classes.size();
      classes.columns.push_back(form_.labels.classes);
      return classes.take(best);
    }
    for (size_t k = 0; k < width; ++k) {
      out.columns.push_back(column_of(raw, k, width));
    }
    return out;
  }

 private:
  data::Column column_of(const std::vector<double>& raw, size_t k, size_t width) const {
    if (form_.answer == Answer::flags) {
      std::vector<int64_t> flags;
      for (size_t i = k; i < raw.size(); i += width) flags.push_back(raw[i] > 0 ? 1 : 0);
      return data::int64_column("", std::move(flags));
    }
    std::vector<double> values;
    for (size_t i = k; i < raw.size(); i += width) {
      values.push_back(form_.answer == Answer::exponents ? std::exp(raw[i]) : raw[i]);
    }
    return data::float64_column("", std::move(values));
  }

  // By their names where all are there, else in their order.
  Result<std::vector<const data::Column*>> columns_of(const data::Batch& rows) const {
    std::vector<const data::Column*> out;
    for (const auto& name : model_.names()) {
      const auto* column = name.empty() ? nullptr : rows.find(name);
      if (column != nullptr) out.push_back(column);
    }
    if (out.size() != model_.n_columns()) {
      if (rows.columns.size() != model_.n_columns()) {
        return fail(Code::invalid_parameter_value, "{} columns; the CatBoost model takes {}: {}",
                    rows.columns.size(), model_.n_columns(), join(model_.names(), ", "));
      }
      out.clear();
      for (const auto& column : rows.columns) out.push_back(&column);
    }
    for (size_t c = 0; c < out.size(); ++c) {
      if (out[c]->shape.empty() && (model_.is_category()[c] || out[c]->is_numeric())) continue;
      return fail(Code::invalid_parameter_value, "column '{}' is {}; CatBoost takes numbers there",
                  out[c]->name, data::type_name(out[c]->type));
    }
    return out;
  }

  CatboostModel model_;
  Form form_;
  Signature signature_;
  std::string input_example_;
};

}  // namespace

Result<std::unique_ptr<Model>> make_catboost_flavor(CatboostModel model,
                                                    std::string_view model_class,
                                                    const Mlmodel& mlmodel,
                                                    std::string input_example) {
  auto form = TRY(form_of(model, model_class));
  auto signature = TRY(parse_signature(mlmodel.signature_inputs, mlmodel.signature_outputs));
  return std::unique_ptr<Model>(std::make_unique<CatboostFlavor>(
      std::move(model), std::move(form), std::move(signature), std::move(input_example)));
}

}  // namespace slipway::models
