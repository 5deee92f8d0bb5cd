#include "models/sklearn/state.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace slipway::models::sklearn {

using objects::Kind;
using objects::Object;

namespace {

Error not_read(const Object& object, std::string_view wanted) {
  return fail(Code::invalid_parameter_value, "is {} where {} is wanted", objects::describe(object),
              wanted);
}

data::Column text_labels(const std::vector<std::string>& texts) {
  return data::string_column("", texts);
}

Result<data::Column> object_labels(const std::vector<const Object*>& items) {
  const auto all = [&](Kind kind) {
    return std::ranges::all_of(items, [&](const auto* i) { return i->kind == kind; });
  };
  if (!items.empty() && all(Kind::text)) {
    std::vector<std::string> texts;
    for (const auto* item : items) texts.push_back(item->text);
    return text_labels(texts);
  }
  std::vector<double> numbers;
  for (const auto* item : items) {
    const auto number = objects::number_of(*item);
    if (!number) return not_read(*item, "a label (all texts, or all numbers)");
    numbers.push_back(*number);
  }
  if (!all(Kind::integer) && !all(Kind::boolean)) {
    return data::float64_column("", std::move(numbers));
  }
  if (all(Kind::boolean)) {
    std::vector<uint8_t> truths;
    for (const auto* item : items) truths.push_back(item->integer != 0);
    return data::Column{"", data::Type::boolean, std::move(truths), {}};
  }
  std::vector<int64_t> whole;
  for (const auto* item : items) whole.push_back(item->integer);
  return data::int64_column("", std::move(whole));
}

}  // namespace

int64_t version_of(const State& state) {
  const auto parts = split(state.text_or("_sklearn_version", ""), '.');
  if (parts.size() < 2) return 0;
  return to_integer(parts[0]).value_or(0) * 100 + to_integer(parts[1]).value_or(0);
}

std::vector<const Object*> items_of(const Object& object) {
  if (object.kind == Kind::array) return object.array->objects;
  if (object.kind == Kind::list || object.kind == Kind::tuple) return object.items;
  return {};
}

Result<std::vector<double>> numbers_of(const Object& object) {
  if (object.kind == Kind::array) return objects::numbers(*object.array);
  if (const auto number = objects::number_of(object)) return std::vector<double>{*number};
  if (object.kind != Kind::list && object.kind != Kind::tuple) {
    return not_read(object, "an array of numbers");
  }
  std::vector<double> out;
  for (const auto* item : object.items) {
    const auto number = objects::number_of(*item);
    if (!number) return not_read(*item, "a number");
    out.push_back(*number);
  }
  return out;
}

Result<std::vector<int64_t>> integers_of(const Object& object) {
  if (object.kind == Kind::array) return objects::integers(*object.array);
  std::vector<int64_t> out;
  if (object.kind == Kind::integer || object.kind == Kind::boolean) out.push_back(object.integer);
  for (const auto* item : object.items) {
    if (item->kind != Kind::integer && item->kind != Kind::boolean) {
      return not_read(*item, "an integer");
    }
    out.push_back(item->integer);
  }
  return out;
}

Result<Matrix> matrix_of(const Object& object) {
  if (object.kind != Kind::array) return not_read(object, "an array");
  const auto& array = *object.array;
  if (array.shape.size() > 2) return not_read(object, "an array of two dimensions");
  Matrix out;
  out.values = TRY(objects::numbers(array));
  out.n_rows = array.shape.size() == 2 ? array.shape[0] : 1;
  out.n_columns = array.shape.empty() ? 1 : array.shape.back();
  out.single = array.dtype.kind == 'f' && array.dtype.size == 4;
  return out;
}

Result<data::Column> labels_of(const Object& object) {
  if (object.kind == Kind::list || object.kind == Kind::tuple) return object_labels(object.items);
  if (object.kind != Kind::array) return not_read(object, "an array of labels");
  const auto& array = *object.array;
  switch (array.dtype.kind) {
    case 'O': return object_labels(array.objects);
    case 'U':
    case 'S': {
      std::vector<std::string> texts;
      for (size_t i = 0; i < array.size(); ++i) texts.push_back(objects::text_at(array, i));
      return text_labels(texts);
    }
    case 'i':
    case 'u': {
      auto whole = TRY(objects::integers(array));
      return data::int64_column("", std::move(whole));
    }
    case 'b': {
      const auto whole = TRY(objects::integers(array));
      return data::Column{
          "", data::Type::boolean, std::vector<uint8_t>(whole.begin(), whole.end()), {}};
    }
    default: {
      auto numbers = TRY(objects::numbers(array));
      return data::float64_column("", std::move(numbers));
    }
  }
}

Error State::odd(std::string_view name, std::string_view why) const {
  return fail(Code::invalid_parameter_value, "{}: {} {}", class_name(), name, why);
}

Error State::unsupported(std::string_view what) const {
  return fail(Code::not_implemented, "{}: {} is not evaluated", class_name(), what);
}

Result<void> State::require(bool holds, std::string_view name, std::string_view why) const {
  if (!holds) return odd(name, why);
  return {};
}

const Object* State::given(std::string_view name) const {
  const auto* found = find(name);
  return found == nullptr || found->kind == Kind::none ? nullptr : found;
}

Result<const Object*> State::get(std::string_view name) const {
  const auto* found = find(name);
  if (found == nullptr) return odd(name, "is missing: was it fitted?");
  return found;
}

Result<double> State::number(std::string_view name) const {
  const auto* found = TRY(get(name));
  const auto number = objects::number_of(*found);
  if (!number) return odd(name, "is not a number");
  return *number;
}

double State::number_or(std::string_view name, double otherwise) const {
  const auto* found = given(name);
  return found == nullptr ? otherwise : objects::number_of(*found).value_or(otherwise);
}

Result<int64_t> State::integer(std::string_view name) const {
  const auto value = TRY(number(name));
  if (value != std::floor(value) || std::abs(value) > 0x1p53) return odd(name, "is not an integer");
  return static_cast<int64_t>(value);
}

bool State::truth_or(std::string_view name, bool otherwise) const {
  const auto* found = given(name);
  return found == nullptr ? otherwise : objects::number_of(*found).value_or(otherwise) != 0;
}

std::string State::text_or(std::string_view name, std::string_view otherwise) const {
  const auto* found = find(name);
  return std::string(found != nullptr && found->kind == Kind::text ? found->text : otherwise);
}

Result<std::vector<double>> State::numbers(std::string_view name) const {
  const auto* found = TRY(get(name));
  auto out = numbers_of(*found);
  if (!out.ok()) return odd(name, out.error().message);
  return out;
}

Result<std::vector<double>> State::numbers(std::string_view name, size_t wanted_size) const {
  auto out = TRY(numbers(name));
  if (out.size() != wanted_size) {
    return odd(name, fmt::format("has {} values where {} are wanted", out.size(), wanted_size));
  }
  return out;
}

Result<std::vector<int64_t>> State::integers(std::string_view name) const {
  const auto* found = TRY(get(name));
  auto out = integers_of(*found);
  if (!out.ok()) return odd(name, out.error().message);
  return out;
}

Result<Matrix> State::matrix(std::string_view name) const {
  const auto* found = TRY(get(name));
  auto out = matrix_of(*found);
  if (!out.ok()) return odd(name, out.error().message);
  return out;
}

Result<data::Column> State::labels(std::string_view name) const {
  const auto* found = TRY(get(name));
  auto out = labels_of(*found);
  if (!out.ok()) return odd(name, out.error().message);
  if (out->size() == 0) return odd(name, "is empty");
  return out;
}

Result<EstimatorPtr> State::estimator(std::string_view name) const {
  const auto* found = TRY(get(name));
  return make_estimator(*found, allowance_);
}

Result<std::vector<EstimatorPtr>> State::estimators(std::string_view name) const {
  const auto* found = TRY(get(name));
  std::vector<EstimatorPtr> out;
  for (const auto* item : items_of(*found)) {
    auto made = TRY(make_estimator(*item, allowance_));
    out.push_back(std::move(made));
  }
  if (out.empty()) return odd(name, "is empty");
  return out;
}

data::Column take_labels(const data::Column& labels, const std::vector<size_t>& rows) {
  data::Batch batch;
  batch.n_rows = labels.size();
  batch.columns.push_back(labels);
  auto taken = batch.take(rows);
  taken.columns[0].name = "";
  return std::move(taken.columns[0]);
}

data::Batch one_column(data::Column column) {
  data::Batch out;
  out.n_rows = column.size();
  out.columns.push_back(std::move(column));
  return out;
}

data::Batch one_column(std::vector<double> values) {
  return one_column(data::float64_column("", std::move(values)));
}

std::vector<size_t> best_of(const Matrix& scores, double threshold) {
  std::vector<size_t> best(scores.n_rows);
  for (size_t i = 0; i < scores.n_rows; ++i) {
    const double* row = scores.row(i);
    best[i] = scores.n_columns == 1
                  ? static_cast<size_t>(row[0] > threshold)
                  : static_cast<size_t>(std::max_element(row, row + scores.n_columns) - row);
  }
  return best;
}

void softmax_rows(Matrix& scores) {
  for (size_t i = 0; i < scores.n_rows; ++i) {
    double* row = scores.row(i);
    const double top = *std::max_element(row, row + scores.n_columns);
    double sum = 0;
    for (size_t c = 0; c < scores.n_columns; ++c) sum += row[c] = std::exp(row[c] - top);
    for (size_t c = 0; c < scores.n_columns; ++c) row[c] /= sum;
  }
  scores.round();
}

double expit(double x) { return 1 / (1 + std::exp(-x)); }

void log_of(Matrix& scores) {
  for (auto& value : scores.values) value = std::log(value);
  scores.round();
}

}  // namespace slipway::models::sklearn
