// Estimators made of others in a row or side by side: pipelines, column transformers, unions.
#include <algorithm>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

using objects::Kind;
using objects::Object;

bool is_text(const Object& object, std::string_view text) {
  return object.kind == Kind::text && object.text == text;
}

// Null where a step only hands on what it gets.
Result<EstimatorPtr> make_step(const Object& object, const State& state) {
  if (object.kind == Kind::none || is_text(object, "passthrough")) return EstimatorPtr();
  return make_estimator(object, state.allowance());
}

class Pipeline : public Estimator {
 public:
  Pipeline(const State& state, std::vector<EstimatorPtr> steps)
      : Estimator(state), steps_(std::move(steps)) {}

  const data::Column* classes() const override { return last() ? last()->classes() : nullptr; }
  bool has(Method method) const override { return last() && last()->has(method); }
  bool predicts_matrix() const override { return last() && last()->predicts_matrix(); }
  bool finds_columns() const override { return steps_[0] && steps_[0]->finds_columns(); }

  Result<Value> transform(const Value& x) const override {
    auto value = TRY(prepared(x));
    if (!last()) return value;
    return last()->transform(value);
  }
  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!last()) return Estimator::scores(method, x);
    const auto value = TRY(prepared(x));
    return last()->scores(method, value);
  }
  Result<data::Batch> predict(const Value& x) const override {
    if (!last()) return Estimator::predict(x);
    const auto value = TRY(prepared(x));
    return last()->predict(value);
  }

 private:
  const Estimator* last() const { return steps_.back().get(); }

  Result<Value> prepared(const Value& x) const {
    Value value = x;
    for (size_t i = 0; i + 1 < steps_.size(); ++i) {
      if (!steps_[i]) continue;
      value = TRY(steps_[i]->transform(value));
    }
    return value;
  }

  std::vector<EstimatorPtr> steps_;
};

Result<EstimatorPtr> make_pipeline(const State& state) {
  const auto* list = TRY(state.get("steps"));
  std::vector<EstimatorPtr> steps;
  for (const auto* pair : items_of(*list)) {
    TRY(state.require(pair->items.size() == 2, "steps", "is not made of names and estimators"));
    auto step = TRY(make_step(*pair->items[1], state));
    steps.push_back(std::move(step));
  }
  TRY(state.require(!steps.empty(), "steps", "is empty"));
  return EstimatorPtr(new Pipeline(state, std::move(steps)));
}

/// Transforms some of the columns; without an estimator it hands them on.
struct Branch {
  EstimatorPtr estimator;
  std::vector<size_t> columns;
  double weight = 1;
};

Result<Value> run(const Branch& branch, const Value& x) {
  Value out = x;
  if (branch.estimator) {
    out = TRY(branch.estimator->transform(x));
  }
  if (branch.weight == 1) return out;
  if (auto* sparse = std::get_if<SparseMatrix>(&out)) {
    for (auto& value : sparse->values) value *= branch.weight;
    return out;
  }
  auto matrix = TRY(dense(out, Missing::accept));
  for (auto& value : matrix.values) value *= branch.weight;
  matrix.round();
  return Value(std::move(matrix));
}

class ColumnTransformer : public Estimator {
 public:
  ColumnTransformer(const State& state, std::vector<Branch> branches,
                    std::vector<std::string> names, size_t n_columns_in, Layout layout)
      : Estimator(state),
        branches_(std::move(branches)),
        names_(std::move(names)),
        n_columns_(n_columns_in),
        layout_(layout) {}

  bool finds_columns() const override { return !names_.empty(); }

  Result<Value> transform(const Value& x) const override {
    std::vector<Value> parts;
    for (const auto& branch : branches_) {
      const auto columns = TRY(select(x, branch.columns));
      auto part = TRY(run(branch, columns));
      parts.push_back(std::move(part));
    }
    return side_by_side(parts, n_rows(x), layout_);
  }

 private:
  // By name where it was fitted on names and gets names: any order, and more columns, will do.
  Result<Value> select(const Value& x, const std::vector<size_t>& wanted) const {
    const auto* batch = std::get_if<data::Batch>(&x);
    const bool named =
        batch != nullptr && !names_.empty() &&
        std::ranges::any_of(names_, [&](const auto& n) { return batch->find(n) != nullptr; });
    if (!named) {
      if (n_columns(x) == n_columns_) return take_columns(x, wanted);
      return fail(Code::invalid_parameter_value,
                  "X has {} features, but {} is expecting {} features as input", n_columns(x),
                  name(), n_columns_);
    }
    data::Batch out;
    out.n_rows = batch->n_rows;
    for (const auto c : wanted) {
      const auto* column = batch->find(names_[c]);
      if (column == nullptr) {
        return fail(Code::invalid_parameter_value, "columns are missing: {{'{}'}}", names_[c]);
      }
      out.columns.push_back(*column);
    }
    return Value(std::move(out));
  }

  std::vector<Branch> branches_;
  std::vector<std::string> names_;
  size_t n_columns_;
  Layout layout_;
};

/// The columns that a specification names: names, places (from the end where negative), a slice, or
/// a truth value for each.
class ColumnNames {
 public:
  ColumnNames(std::vector<std::string> names, size_t n) : names_(std::move(names)), n_(n) {}

  Result<std::vector<size_t>> places(const Object& spec) const {
    if (spec.kind == Kind::text || spec.kind == Kind::integer) {
      const auto one = TRY(place(spec));
      return std::vector<size_t>{one};
    }
    if (spec.kind == Kind::instance && spec.text == "builtins.slice") return slice(spec);
    std::vector<const Object*> items = items_of(spec);
    if (spec.kind == Kind::array && items.empty()) return of_array(*spec.array);
    const bool mask = !items.empty() && items.size() == n_ &&
                      std::ranges::all_of(items, [](auto* i) { return i->kind == Kind::boolean; });
    std::vector<size_t> out;
    for (size_t i = 0; i < items.size(); ++i) {
      if (mask) {
        if (items[i]->integer != 0) out.push_back(i);
        continue;
      }
      const auto one = TRY(place(*items[i]));
      out.push_back(one);
    }
    return out;
  }

 private:
  Result<size_t> place(const Object& item) const {
    int64_t at = item.integer;
    if (item.kind == Kind::text) {
      at = std::ranges::find(names_, item.text) - names_.begin();
    } else if (item.kind != Kind::integer) {
      return fail(Code::not_implemented, "columns are chosen by {}", objects::describe(item));
    }
    if (item.kind == Kind::integer && at < 0) at += static_cast<int64_t>(n_);
    if (at < 0 || at >= static_cast<int64_t>(n_)) {
      return fail(Code::invalid_parameter_value, "column {} is chosen, there are {}",
                  item.kind == Kind::text ? item.text : std::to_string(item.integer), n_);
    }
    return static_cast<size_t>(at);
  }

  Result<std::vector<size_t>> of_array(const objects::Array& array) const {
    std::vector<size_t> out;
    Object item;
    if (array.dtype.kind == 'U') {
      item.kind = Kind::text;
      for (size_t i = 0; i < array.size(); ++i) {
        item.text = objects::text_at(array, i);
        const auto one = TRY(place(item));
        out.push_back(one);
      }
      return out;
    }
    const auto values = TRY(objects::integers(array));
    item.kind = Kind::integer;
    for (size_t i = 0; i < values.size(); ++i) {
      item.integer = array.dtype.kind == 'b' ? static_cast<int64_t>(i) : values[i];
      if (array.dtype.kind == 'b' && values[i] == 0) continue;
      const auto one = TRY(place(item));
      out.push_back(one);
    }
    return out;
  }

  Result<std::vector<size_t>> slice(const Object& spec) const {
    if (spec.items.size() != 3) return fail(Code::invalid_parameter_value, "a slice is odd");
    const bool by_name = spec.items[0]->kind == Kind::text || spec.items[1]->kind == Kind::text;
    const bool stepped = spec.items[2]->kind == Kind::integer && spec.items[2]->integer != 1;
    if (stepped) return fail(Code::not_implemented, "a slice of columns with a step");
    const auto n = static_cast<int64_t>(n_);
    int64_t bounds[2] = {0, n};
    for (size_t i = 0; i < 2; ++i) {
      const auto& bound = *spec.items[i];
      if (bound.kind == Kind::none) continue;
      if (bound.kind == Kind::text) {
        const auto at = TRY(place(bound));
        bounds[i] = static_cast<int64_t>(at) + (i == 1 && by_name ? 1 : 0);  // names: inclusive
        continue;
      }
      bounds[i] = std::clamp<int64_t>(bound.integer < 0 ? bound.integer + n : bound.integer, 0, n);
    }
    std::vector<size_t> out;
    for (int64_t c = bounds[0]; c < bounds[1]; ++c) out.push_back(static_cast<size_t>(c));
    return out;
  }

  std::vector<std::string> names_;
  size_t n_;
};

Result<std::vector<std::string>> feature_names(const State& state) {
  std::vector<std::string> names;
  const auto* found = state.given("feature_names_in_");
  if (found == nullptr) return names;
  const auto labels = TRY(state.labels("feature_names_in_"));
  for (size_t i = 0; i < labels.size() && !labels.is_numeric(); ++i) {
    names.emplace_back(labels.strings()[i]);
  }
  return names;
}

double weight_of(const State& state, std::string_view name) {
  const auto* weights = state.given("transformer_weights");
  const auto* weight = weights ? objects::find(*weights, name) : nullptr;
  return weight ? objects::number_of(*weight).value_or(1) : 1;
}

Result<EstimatorPtr> make_column_transformer(const State& state) {
  const auto* list = TRY(state.get("transformers_"));
  auto names = TRY(feature_names(state));
  const auto n = TRY(state.integer("n_features_in_"));
  TRY(state.require(n > 0 && n < 1 << 30, "n_features_in_", "is not a count"));
  const auto n_columns_in = static_cast<size_t>(n);
  TRY(state.require(names.empty() || names.size() == n_columns_in, "feature_names_in_",
                    "does not fit n_features_in_"));
  const ColumnNames specification(names, n_columns_in);
  const auto* known = state.given("_transformer_to_input_indices");
  std::vector<Branch> branches;
  for (const auto* triple : items_of(*list)) {
    TRY(state.require(triple->items.size() == 3, "transformers_", "is not made of triples"));
    const auto& name = triple->items[0]->text;
    const auto& estimator = *triple->items[1];
    if (is_text(estimator, "drop")) continue;
    const auto* places = known ? objects::find(*known, name) : nullptr;
    auto wanted = specification.places(places ? *places : *triple->items[2]);
    if (!wanted.ok()) return state.odd("transformers_", wanted.error().message);
    if (wanted->empty()) continue;
    Branch branch{EstimatorPtr(), std::move(wanted).value(), weight_of(state, name)};
    branch.estimator = TRY(make_step(estimator, state));
    branches.push_back(std::move(branch));
  }
  const bool sparse = state.truth_or("sparse_output_", false);
  return EstimatorPtr(new ColumnTransformer(state, std::move(branches), std::move(names),
                                            n_columns_in, sparse ? Layout::sparse : Layout::dense));
}

class FeatureUnion : public Estimator {
 public:
  FeatureUnion(const State& state, std::vector<Branch> branches)
      : Estimator(state), branches_(std::move(branches)) {}

  Result<Value> transform(const Value& x) const override {
    std::vector<Value> parts;
    auto layout = Layout::dense;
    for (const auto& branch : branches_) {
      auto part = TRY(run(branch, x));
      if (std::holds_alternative<SparseMatrix>(part)) layout = Layout::sparse;
      parts.push_back(std::move(part));
    }
    return side_by_side(parts, n_rows(x), layout);
  }

 private:
  std::vector<Branch> branches_;
};

Result<EstimatorPtr> make_union(const State& state) {
  const auto* list = TRY(state.get("transformer_list"));
  std::vector<Branch> branches;
  for (const auto* pair : items_of(*list)) {
    TRY(state.require(pair->items.size() == 2, "transformer_list", "is not made of pairs"));
    if (is_text(*pair->items[1], "drop") || pair->items[1]->kind == Kind::none) continue;
    Branch branch{EstimatorPtr(), {}, weight_of(state, pair->items[0]->text)};
    branch.estimator = TRY(make_step(*pair->items[1], state));
    branches.push_back(std::move(branch));
  }
  return EstimatorPtr(new FeatureUnion(state, std::move(branches)));
}

constexpr EstimatorRow kRows[] = {
    {"ColumnTransformer", make_column_transformer},
    {"FeatureUnion", make_union},
    {"Pipeline", make_pipeline},
};

}  // namespace

std::span<const EstimatorRow> compose_rows() { return kRows; }

}  // namespace slipway::models::sklearn
