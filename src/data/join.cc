#include "data/join.h"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "data/arrow_status.h"

namespace slipway::data {
namespace {

using Picks = std::vector<std::pair<std::string, std::string>>;

// The key of one row as bytes, equal exactly where the keys are; false where a part is missing.
bool key_bytes(const Batch& keys, size_t row, std::string& out) {
  out.clear();
  for (const auto& column : keys.columns) {
    if (!column.is_valid(row)) return false;
    if (const auto* strings = std::get_if<Strings>(&column.values)) {
      const auto text = (*strings)[row];
      const size_t size = text.size();
      out.append(reinterpret_cast<const char*>(&size), sizeof size);
      out += text;
    } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&column.values)) {
      out.append(reinterpret_cast<const char*>(&(*integers)[row]), sizeof(int64_t));
    } else {
      const double number = column.number_at(row) + 0.0;  // -0 equals 0
      if (number != number) return false;
      out.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
  }
  return true;
}

std::string key_text(const Batch& keys, size_t row) {
  std::vector<std::string> parts;
  for (const auto& column : keys.columns) {
    parts.push_back(fmt::format("{}={}", column.name, column.text_at(row)));
  }
  return join(parts, ", ");
}

Result<Batch> key_columns(const Table& table, const std::vector<std::string>& keys,
                          std::string_view side) {
  auto batch = table.batch(keys);
  if (batch.ok()) return batch;
  return fail(batch.error().code, "the {} table of the join: {}", side, batch.error().message);
}

Result<void> check_keys(const Batch& left, const Batch& right) {
  if (left.columns.empty()) {
    return fail(Code::invalid_parameter_value, "a join needs one key column at least");
  }
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const auto& [a, b] = std::pair(&left.columns[i], &right.columns[i]);
    if (a->type == b->type) continue;
    return fail(Code::invalid_parameter_value,
                "the key '{}' is {} in the left table and {} in the right; accepted: one type on "
                "both sides",
                a->name, type_name(a->type), type_name(b->type));
  }
  return {};
}

// The row of `right` for each row of `left`, or -1.
Result<std::vector<int64_t>> partners(const Batch& left, const Batch& right) {
  std::unordered_map<std::string, int64_t> rows;
  rows.reserve(right.n_rows);
  std::string key;
  for (size_t row = 0; row < right.n_rows; ++row) {
    if (!key_bytes(right, row, key)) continue;
    const auto [found, fresh] = rows.emplace(key, static_cast<int64_t>(row));
    if (!fresh) {
      return fail(Code::invalid_parameter_value,
                  "the right table of the join has the key {} in row {} and again in row {}; a "
                  "join must not multiply rows",
                  key_text(right, row), found->second + 1, row + 1);
    }
  }
  std::vector<int64_t> out(left.n_rows, -1);
  for (size_t row = 0; row < left.n_rows; ++row) {
    if (!key_bytes(left, row, key)) continue;
    if (const auto found = rows.find(key); found != rows.end()) out[row] = found->second;
  }
  return out;
}

Result<Picks> picks(const Table& left, const Table& right, const std::vector<std::string>& keys,
                    const JoinOptions& options) {
  Picks out = options.columns;
  if (out.empty()) {
    for (const auto& name : right.names()) {
      if (std::ranges::count(keys, name) == 0) out.emplace_back(name, name);
    }
  }
  const auto names = left.names();
  std::set<std::string> taken(names.begin(), names.end());
  for (const auto& [from, to] : out) {
    if (!right.has(from)) {
      return fail(Code::invalid_parameter_value,
                  "the right table of the join has no column '{}'; there are: {}", from,
                  join(right.names(), ", "));
    }
    if (!taken.insert(to).second) {
      return fail(Code::invalid_parameter_value,
                  "the join would make a second column '{}'; give the right table's another name, "
                  "or leave it out",
                  to);
    }
  }
  return out;
}

arrow::Result<std::shared_ptr<arrow::Table>> taken_rows(const std::shared_ptr<arrow::Table>& table,
                                                        const std::vector<int64_t>& rows) {
  arrow::Int64Builder numbers;
  std::vector<uint8_t> found(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) found[i] = rows[i] >= 0;
  ARROW_RETURN_NOT_OK(
      numbers.AppendValues(rows.data(), static_cast<int64_t>(rows.size()), found.data()));
  ARROW_ASSIGN_OR_RAISE(const auto indices, numbers.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto taken, arrow::compute::Take(table, indices));
  return taken.table();
}

}  // namespace

Result<Joined> left_join(const Table& left, const Table& right,
                         const std::vector<std::string>& keys, const JoinOptions& options) {
  const auto left_keys = TRY(key_columns(left, keys, "left"));
  const auto right_keys = TRY(key_columns(right, keys, "right"));
  TRY(check_keys(left_keys, right_keys));
  const auto columns = TRY(picks(left, right, keys, options));
  const auto rows = TRY(partners(left_keys, right_keys));

  std::vector<std::string> from;
  for (const auto& pick : columns) from.push_back(pick.first);
  const auto wanted = TRY(right.select(from));
  const auto taken = TRY(taken_from(taken_rows(wanted.arrow(), rows), "cannot join"));

  auto fields = left.arrow()->schema()->fields();
  auto values = left.arrow()->columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& column = taken->column(static_cast<int>(i));
    fields.push_back(arrow::field(columns[i].second, column->type()));
    values.push_back(column);
  }
  Joined joined{Table(arrow::Table::Make(arrow::schema(std::move(fields)), std::move(values),
                                         left.arrow()->num_rows())),
                0};
  joined.n_matched = rows.size() - static_cast<size_t>(std::ranges::count(rows, -1));
  return joined;
}

}  // namespace slipway::data
