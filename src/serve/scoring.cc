#include "serve/scoring.h"

#include <algorithm>
#include <numeric>

#include "base/json.h"
#include "base/text.h"
#include "http/error_response.h"
#include "serve/request_body.h"

namespace slipway::serve {
namespace {

void append_value(std::string& out, const data::Column& column, size_t row) {
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  switch (column.type) {
    case data::Type::boolean: out += column.booleans()[row] ? "true" : "false"; break;
    case data::Type::int64:
    case data::Type::timestamp: out += std::to_string(column.int64s()[row]); break;
    case data::Type::float32:
    case data::Type::float64: append_number(out, column.number_at(row)); break;
    case data::Type::string: append_quoted(out, column.strings()[row]); break;
    case data::Type::binary: append_quoted(out, base64_encode(column.strings()[row])); break;
  }
}

// The values of one row: those of a tensor as lists of lists.
void append_values(std::string& out, const data::Column& column, size_t first, size_t depth) {
  if (depth == column.shape.size()) return append_value(out, column, first);
  size_t stride = 1;
  for (size_t i = depth + 1; i < column.shape.size(); ++i) stride *= column.shape[i];
  out += '[';
  for (size_t i = 0; i < column.shape[depth]; ++i) {
    if (i > 0) out += ", ";
    append_values(out, column, first + i * stride, depth + 1);
  }
  out += ']';
}

// The values of one row, which are an object where they have names.
void append_cell(std::string& out, const data::Column& column, size_t row) {
  const size_t first = row * column.width();
  if (column.keys.empty()) return append_values(out, column, first, 0);
  for (size_t k = 0; k < column.keys.size(); ++k) {
    out += k == 0 ? "{" : ", ";
    append_quoted(out, column.keys[k]);
    out += ": ";
    append_value(out, column, first + k);
  }
  out += '}';
}

// A row of named outputs is an object; of unnamed ones a list, or the value itself where there is
// one and it is not a matrix of one column.
void append_row(std::string& out, const data::Batch& scores, size_t row, bool is_matrix) {
  const bool named =
      std::ranges::any_of(scores.columns, [](const auto& c) { return !c.name.empty(); });
  const bool bare = !named && !is_matrix && scores.columns.size() == 1;
  if (!bare) out += named ? '{' : '[';
  for (size_t i = 0; i < scores.columns.size(); ++i) {
    if (i > 0) out += ", ";
    if (named) {
      append_quoted(out, scores.columns[i].name);
      out += ": ";
    }
    append_cell(out, scores.columns[i], row);
  }
  if (!bare) out += named ? '}' : ']';
}

// A list for each output, by its name.
std::string lists_text(const data::Batch& scores) {
  std::string out = "{\"predictions\": {";
  for (size_t i = 0; i < scores.columns.size(); ++i) {
    if (i > 0) out += ", ";
    append_quoted(out, scores.columns[i].name);
    out += ": [";
    for (size_t row = 0; row < scores.n_rows; ++row) {
      if (row > 0) out += ", ";
      append_cell(out, scores.columns[i], row);
    }
    out += ']';
  }
  return out + "}}";
}

std::string predictions_text(const data::Batch& scores, bool is_matrix) {
  std::string out = "{\"predictions\": [";
  for (size_t row = 0; row < scores.n_rows; ++row) {
    if (row > 0) out += ", ";
    append_row(out, scores, row, is_matrix);
  }
  return out + "]}";
}

}  // namespace

Result<data::Batch> predict_rows(const models::Model& model, const data::Batch& rows,
                                 const JsonObject& params) {
  constexpr size_t kSlice = 16'384;
  if (rows.n_rows <= kSlice || !model.scores_rows_alone()) return model.predict_with(rows, params);
  data::Batch scores;
  for (size_t begin = 0; begin < rows.n_rows; begin += kSlice) {
    std::vector<size_t> numbers(std::min(kSlice, rows.n_rows - begin));
    std::iota(numbers.begin(), numbers.end(), begin);
    auto some = TRY(model.predict_with(rows.take(numbers), params));
    size_t n_values = 0;  // of a row
    for (const auto& column : some.columns) n_values += column.width();
    if (n_values > kMaxAnswerValues / rows.n_rows) {
      return fail(Code::invalid_parameter_value,
                  "the scores of {} rows are {} values each; an answer may have {} in all: send "
                  "fewer rows",
                  rows.n_rows, n_values, kMaxAnswerValues);
    }
    if (begin == 0) {
      scores = std::move(some);
      continue;
    }
    const bool alike = std::ranges::equal(scores.columns, some.columns, {}, &data::Column::type,
                                          &data::Column::type);
    check(alike, "a model's scores are of the same types for all rows");
    scores.append(some);
  }
  return scores;
}

Result<Scores> score(const models::Model& model, std::string_view body,
                     std::string_view content_type) {
  if (auto written = model.score_body(body, content_type)) {
    auto scores = TRY(std::move(*written));
    return Scores{std::move(scores.text), scores.n_rows};
  }
  const auto request = TRY(read_request_body(body, content_type, model.signature()));
  const auto scores = TRY(predict_rows(model, request.rows, request.params));
  if (model.predicts_columns()) return Scores{lists_text(scores), scores.n_rows};
  return Scores{predictions_text(scores, model.predicts_matrix()), scores.n_rows};
}

http::Response invoke(const models::Model& model, const http::Request& request, Usage& usage) {
  UsageCount count(usage);
  const auto* content_type = request.headers.find("Content-Type");
  auto scores = content_type
                    ? score(model, request.body, *content_type)
                    : fail(Code::invalid_parameter_value,
                           "the Content-Type header is missing; accepted: {}", kContentTypes);
  if (!scores.ok()) {
    auto response = http::error_response(scores.error());
    if (response.status == 429 || response.status == 503) response.headers.add("Retry-After", "1");
    count.refused(response.status);
    return response;
  }
  count.scored(scores->n_rows);
  return http::respond(200, std::move(scores->text), "application/json");
}

}  // namespace slipway::serve
