#include "models/spark/frame.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace slipway::models::spark {
namespace {

constexpr size_t kMaxCells = size_t{1} << 27;

Vectors kept_vectors(const Vectors& from, const std::vector<uint8_t>& marks) {
  Vectors out = from;
  out.n_rows = 0;
  out.starts.assign(from.sparse ? 1 : 0, 0);
  out.indices.clear();
  out.values.clear();
  for (size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] == 0) continue;
    ++out.n_rows;
    from.each(i, [&](size_t index, double value) {
      if (from.sparse) out.indices.push_back(static_cast<uint32_t>(index));
      out.values.push_back(value);
    });
    if (from.sparse) out.end_row();
  }
  return out;
}

Words kept_words(const Words& from, const std::vector<uint8_t>& marks) {
  Words out;
  for (size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] == 0) continue;
    for (size_t k = from.starts[i]; k < from.starts[i + 1]; ++k) out.words.push_back(from.words[k]);
    out.end_row();
  }
  return out;
}

data::Column kept_column(const data::Column& from, const std::vector<uint8_t>& marks) {
  data::Batch batch;
  batch.n_rows = from.size();
  batch.columns.push_back(from);
  std::vector<size_t> rows;
  for (size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] != 0) rows.push_back(i);
  }
  auto taken = batch.take(rows);
  return std::move(taken.columns[0]);
}

template <typename Number>
std::string java_text_of(Number value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const auto size = std::abs(value);
  char buffer[64];
  const bool plain = size == 0 || (size >= Number{1e-3f} && size < Number{1e7f});
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  std::string text(buffer, end);
  const auto e = text.find('e');
  auto digits = text.substr(0, e);
  if (digits.find('.') == std::string::npos) digits += ".0";
  if (e == std::string::npos) return digits;
  return fmt::format("{}E{}", digits,
                     to_integer(text.substr(text[e + 1] == '+' ? e + 2 : e + 1)).value_or(0));
}

}  // namespace

double Vectors::dot(size_t i, const double* weights) const {
  double sum = 0;
  each(i, [&](size_t c, double value) { sum += value * weights[c]; });
  return sum;
}

Result<Vectors> Vectors::to_dense() const {
  if (!sparse) return *this;
  if (size != 0 && n_rows > kMaxCells / size) {
    return fail(Code::resource_exhausted, "{} rows of vectors {} long are too many at once", n_rows,
                size);
  }
  auto out = dense(n_rows, size);
  for (size_t i = 0; i < n_rows; ++i) {
    each(i, [&](size_t c, double value) { out.row(i)[c] = value; });
  }
  return out;
}

const FrameColumn* Frame::find(const std::string& name) const {
  const auto found = columns_.find(name);
  return found == columns_.end() ? nullptr : &found->second;
}

void Frame::set_numbers(const std::string& name, std::vector<double> values) {
  set(name, data::float64_column(name, std::move(values)));
}

Result<const FrameColumn*> Frame::get(const std::string& name) const {
  const auto* column = find(name);
  if (column != nullptr) return column;
  std::vector<std::string> names;
  for (const auto& [known, cells] : columns_) names.push_back(known);
  return fail(Code::invalid_parameter_value, "no column '{}'; there are: {}", name,
              join(names, ", "));
}

Result<const data::Column*> Frame::scalars(const std::string& name) const {
  const auto* column = TRY(get(name));
  if (const auto* cells = std::get_if<data::Column>(&column->cells)) return cells;
  return fail(Code::invalid_parameter_value, "column '{}' has vectors or words, wanted are values",
              name);
}

Result<std::vector<double>> Frame::numbers(const std::string& name) const {
  const auto* column = TRY(scalars(name));
  if (!column->is_numeric()) {
    return fail(Code::invalid_parameter_value, "column '{}' has text, wanted are numbers", name);
  }
  if (column->type == data::Type::float64 && column->valid.empty()) return column->float64s();
  std::vector<double> out(n_rows_);
  for (size_t i = 0; i < n_rows_; ++i) out[i] = column->number_at(i);
  return out;
}

Result<const Vectors*> Frame::vectors(const std::string& name) const {
  const auto* column = TRY(get(name));
  if (const auto* cells = std::get_if<Vectors>(&column->cells)) return cells;
  return fail(Code::invalid_parameter_value, "column '{}' has no vectors", name);
}

Result<const Vectors*> Frame::vectors(const std::string& name, size_t size,
                                      std::string_view stage) const {
  const auto* cells = TRY(vectors(name));
  if (cells->size == size) return cells;
  return fail(Code::invalid_parameter_value,
              "{} takes vectors of {} numbers, those of column '{}' have {}", stage, size, name,
              cells->size);
}

Result<const Words*> Frame::words(const std::string& name) const {
  const auto* column = TRY(get(name));
  if (const auto* cells = std::get_if<Words>(&column->cells)) return cells;
  return fail(Code::invalid_parameter_value, "column '{}' has no lists of words", name);
}

void Frame::keep(const std::vector<uint8_t>& marks) {
  size_t n = 0;
  for (const auto mark : marks) n += mark != 0 ? 1 : 0;
  if (n == n_rows_) return;
  for (auto& [name, column] : columns_) {
    auto& cells = column.cells;
    if (const auto* values = std::get_if<data::Column>(&cells)) {
      cells = kept_column(*values, marks);
    } else if (const auto* vectors = std::get_if<Vectors>(&cells)) {
      cells = kept_vectors(*vectors, marks);
    } else {
      cells = kept_words(std::get<Words>(cells), marks);
    }
  }
  n_rows_ = n;
}

std::string java_text(double value) { return java_text_of(value); }
std::string java_text(float value) { return java_text_of(value); }

std::string spark_text(const data::Column& column, size_t row) {
  if (column.type == data::Type::float64) return java_text(column.float64s()[row]);
  if (column.type == data::Type::float32) return java_text(column.float32s()[row]);
  return column.text_at(row);
}

}  // namespace slipway::models::spark
