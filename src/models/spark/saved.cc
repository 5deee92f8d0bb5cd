#include "models/spark/saved.h"

#include <cmath>
#include <limits>
#include <set>

#include "base/text.h"

namespace slipway::models::spark {
namespace {

Error damaged(std::string_view name, std::string_view why) {
  return fail(Code::invalid_parameter_value, "'{}': {}", name, why);
}

Result<std::vector<double>> doubles_of(const Table& list, size_t row) {
  const auto span = TRY(items_of(list, row));
  const auto& items = list.children[0];
  if (items.kind != Table::Kind::values || !items.values.is_numeric()) {
    return damaged(list.name, "not a list of numbers");
  }
  std::vector<double> out;
  out.reserve(span.end - span.begin);
  for (size_t i = span.begin; i < span.end; ++i) out.push_back(items.values.number_at(i));
  return out;
}

Result<size_t> size_of(const Table& table, std::string_view name, size_t row) {
  const double number = TRY(number_of(table, name, row));
  if (!(number >= 0 && number < 0x1p31)) return damaged(name, "is no size");
  return static_cast<size_t>(number);
}

// Put the values of a sparse matrix in their places, columns one after another.
Result<std::vector<double>> filled(const Table& table, size_t row, size_t n_rows, size_t n_columns,
                                   const std::vector<double>& values) {
  const auto starts = TRY(numbers_of(table, "colPtrs", row));
  const auto rows = TRY(numbers_of(table, "rowIndices", row));
  std::vector<double> out(n_rows * n_columns);
  if (starts.size() != n_columns + 1 || rows.size() != values.size()) {
    return damaged(table.name, "its sizes do not fit each other");
  }
  for (size_t c = 0; c < n_columns; ++c) {
    const double end = starts[c + 1];
    if (!(starts[c] >= 0 && end >= starts[c] && end <= static_cast<double>(values.size()))) {
      return damaged(table.name, "colPtrs go outside");
    }
    for (auto k = static_cast<size_t>(starts[c]); k < static_cast<size_t>(end); ++k) {
      if (!(rows[k] >= 0 && rows[k] < static_cast<double>(n_rows))) {
        return damaged(table.name, "rowIndices go outside");
      }
      out[c * n_rows + static_cast<size_t>(rows[k])] = values[k];
    }
  }
  return out;
}

}  // namespace

Result<const Table*> column_of(const Table& table, std::string_view name) {
  const auto* found = table.find(name);
  if (found == nullptr) return damaged(name, "no such column in the model's data");
  return found;
}

Result<double> number_of(const Table& table, std::string_view name, size_t row) {
  const auto* column = TRY(column_of(table, name));
  if (column->kind != Table::Kind::values || !column->values.is_numeric() ||
      row >= column->n_rows) {
    return damaged(name, "is no number");
  }
  return column->values.number_at(row);
}

Result<Span> items_of(const Table& list, size_t row) {
  if (list.kind != Table::Kind::list || row >= list.n_rows) return damaged(list.name, "is no list");
  return Span{list.starts[row], list.starts[row + 1]};
}

Result<std::vector<double>> numbers_of(const Table& table, std::string_view name, size_t row) {
  const auto* column = TRY(column_of(table, name));
  return doubles_of(*column, row);
}

Result<std::vector<std::string>> texts_of(const Table& table, std::string_view name, size_t row) {
  const auto* column = TRY(column_of(table, name));
  const auto span = TRY(items_of(*column, row));
  const auto& items = column->children[0];
  if (items.kind != Table::Kind::values || items.values.is_numeric()) {
    return damaged(name, "not a list of texts");
  }
  std::vector<std::string> out;
  for (size_t i = span.begin; i < span.end; ++i) out.emplace_back(items.values.strings()[i]);
  return out;
}

Result<double> param_number(const Json& json) {
  if (json.is_number()) return json.to_number<double>();
  if (json.is_string()) {
    const auto& text = json.get_string();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Inf") return std::numeric_limits<double>::infinity();
    if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  }
  return fail(Code::invalid_parameter_value, "{} is no number", to_text(json));
}

Result<Saved> Saved::open(const Files& files, const std::string& folder, Allowance& allowance) {
  Saved out(files, folder.empty() || folder.ends_with('/') ? folder : folder + "/", allowance);
  const auto prefix = out.folder_ + "metadata/part-";
  const auto found = files.lower_bound(prefix);
  if (found == files.end() || !found->first.starts_with(prefix)) {
    return fail(Code::invalid_parameter_value, "no file '{}…'", prefix);
  }
  const auto text = std::string_view(found->second);
  auto json = parse_json(text.substr(0, text.find('\n')));
  if (!json.ok()) return damaged(found->first, json.error().message);
  out.metadata_ = std::move(json).value();
  out.class_name_ = TRY(text_member(out.metadata_, "class"));
  if (const auto* uid = slipway::find(out.metadata_, "uid"); uid && uid->is_string()) {
    out.uid_ = uid->get_string();
  }
  if (const auto* v = slipway::find(out.metadata_, "sparkVersion"); v && v->is_string()) {
    out.spark_version_ = to_integer(split(std::string(v->get_string()), '.')[0]).value_or(0);
  }
  return out;
}

std::string_view Saved::name() const {
  const auto dot = class_name_.rfind('.');
  return std::string_view(class_name_).substr(dot == std::string::npos ? 0 : dot + 1);
}

const Json* Saved::find_set(std::string_view param) const {
  const auto* params = slipway::find(metadata_, "paramMap");
  return params == nullptr ? nullptr : slipway::find(*params, param);
}

const Json* Saved::find(std::string_view param) const {
  if (const auto* set = find_set(param)) return set;
  const auto* defaults = slipway::find(metadata_, "defaultParamMap");
  return defaults == nullptr ? nullptr : slipway::find(*defaults, param);
}

Result<std::string> Saved::text(std::string_view param) const {
  const auto* found = find(param);
  if (found == nullptr || !found->is_string()) {
    return odd(fmt::format("parameter '{}' is missing or no text", param));
  }
  return std::string(found->get_string());
}

std::string Saved::text_or(std::string_view param, std::string_view otherwise) const {
  const auto* found = find(param);
  return std::string(found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                            : otherwise);
}

Result<double> Saved::number(std::string_view param) const {
  const auto* found = find(param);
  if (found == nullptr) return odd(fmt::format("parameter '{}' is missing", param));
  return param_number(*found);
}

double Saved::number_or(std::string_view param, double otherwise) const {
  const auto* found = find(param);
  if (found == nullptr) return otherwise;
  const auto number = param_number(*found);
  return number.ok() ? *number : otherwise;
}

bool Saved::truth_or(std::string_view param, bool otherwise) const {
  const auto* found = find(param);
  return found != nullptr && found->is_bool() ? found->get_bool() : otherwise;
}

Result<std::vector<std::string>> Saved::texts(std::string_view param) const {
  std::vector<std::string> out;
  const auto* found = find(param);
  if (found == nullptr) return out;
  if (!found->is_array()) return odd(fmt::format("parameter '{}' is no list", param));
  for (const auto& item : found->get_array()) {
    if (!item.is_string()) return odd(fmt::format("parameter '{}' has more than texts", param));
    out.emplace_back(item.get_string());
  }
  return out;
}

Result<std::vector<double>> Saved::numbers(std::string_view param) const {
  std::vector<double> out;
  const auto* found = find(param);
  if (found == nullptr) return out;
  if (!found->is_array()) return odd(fmt::format("parameter '{}' is no list", param));
  for (const auto& item : found->get_array()) {
    const double number = TRY(param_number(item));
    out.push_back(number);
  }
  return out;
}

Result<Table> Saved::table(std::string_view folder) const {
  const auto prefix = fmt::format("{}{}/", folder_, folder);
  std::vector<std::string_view> parts;
  for (auto i = files_->lower_bound(prefix); i != files_->end() && i->first.starts_with(prefix);
       ++i) {
    const auto rest = std::string_view(i->first).substr(prefix.size());
    if (rest.find('/') == rest.npos && rest.ends_with(".parquet")) parts.push_back(i->second);
  }
  if (parts.empty()) return odd(fmt::format("no Parquet file in '{}'", prefix));
  auto table = data::read_nested_parquet(parts);
  if (!table.ok()) return damaged(prefix, table.error().message);
  return table;
}

Result<Saved> Saved::open_inner(std::string_view folder) const {
  return open(*files_, fmt::format("{}{}", folder_, folder), *allowance_);
}

std::vector<std::string> Saved::folders_in(std::string_view folder) const {
  const auto prefix = fmt::format("{}{}/", folder_, folder);
  std::set<std::string> names;
  for (auto i = files_->lower_bound(prefix); i != files_->end() && i->first.starts_with(prefix);
       ++i) {
    const auto rest = i->first.substr(prefix.size());
    if (const auto slash = rest.find('/'); slash != rest.npos) names.insert(rest.substr(0, slash));
  }
  return {names.begin(), names.end()};
}

Result<void> Saved::take_cells(size_t n_rows, size_t n_columns) const {
  if (n_columns != 0 && n_rows > allowance_->n_cells / n_columns) {
    return odd("the model needs more than its size can explain");
  }
  allowance_->n_cells -= n_rows * n_columns;
  return {};
}

Result<std::vector<double>> Saved::vector_in(const Table& vectors, size_t row) const {
  if (!vectors.is_valid(row)) return odd(fmt::format("'{}' is missing", vectors.name));
  auto values = TRY(numbers_of(vectors, "values", row));
  const double type = TRY(number_of(vectors, "type", row));
  if (type == 1) return values;
  const auto size = TRY(size_of(vectors, "size", row));
  const auto indices = TRY(numbers_of(vectors, "indices", row));
  TRY(take_cells(1, size));
  if (indices.size() != values.size()) return damaged(vectors.name, "indices do not fit values");
  std::vector<double> out(size);
  for (size_t i = 0; i < indices.size(); ++i) {
    if (!(indices[i] >= 0 && indices[i] < static_cast<double>(size))) {
      return damaged(vectors.name, "an index lies outside");
    }
    out[static_cast<size_t>(indices[i])] = values[i];
  }
  return out;
}

Result<std::vector<double>> Saved::vector_of(const Table& table, std::string_view name,
                                             size_t row) const {
  const auto* vectors = TRY(column_of(table, name));
  return vector_in(*vectors, row);
}

Result<Weights> Saved::matrix_in(const Table& matrices, size_t row) const {
  if (!matrices.is_valid(row)) return odd(fmt::format("'{}' is missing", matrices.name));
  const auto n_rows = TRY(size_of(matrices, "numRows", row));
  const auto n_columns = TRY(size_of(matrices, "numCols", row));
  TRY(take_cells(n_rows, n_columns));
  auto values = TRY(numbers_of(matrices, "values", row));
  const double type = TRY(number_of(matrices, "type", row));
  const double flag = TRY(number_of(matrices, "isTransposed", row));
  const bool transposed = flag != 0;
  if (type != 1) {
    values = TRY(filled(matrices, row, transposed ? n_columns : n_rows,
                        transposed ? n_rows : n_columns, values));
  }
  if (values.size() != n_rows * n_columns) return damaged(matrices.name, "values do not fit sizes");
  Weights out{n_rows, n_columns, std::move(values)};
  if (transposed) return out;
  std::vector<double> rows(out.values.size());
  for (size_t c = 0; c < n_columns; ++c) {
    for (size_t r = 0; r < n_rows; ++r) rows[r * n_columns + c] = out.values[c * n_rows + r];
  }
  out.values = std::move(rows);
  return out;
}

Result<Weights> Saved::matrix_of(const Table& table, std::string_view name, size_t row) const {
  const auto* matrices = TRY(column_of(table, name));
  return matrix_in(*matrices, row);
}

Error Saved::odd(std::string_view why) const {
  return fail(Code::invalid_parameter_value, "{}: {}", name(), why);
}

Error Saved::unsupported(std::string_view what) const {
  return fail(Code::not_implemented, "{}: {} is not evaluated", name(), what);
}

Result<void> Saved::require(bool holds, std::string_view why) const {
  if (!holds) return odd(why);
  return {};
}

}  // namespace slipway::models::spark
