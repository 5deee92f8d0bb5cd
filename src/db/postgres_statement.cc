#include "db/postgres_statement.h"

#include <bit>
#include <utility>

#include "base/text.h"
#include "db/postgres_values.h"

namespace slipway::db {
namespace {

constexpr int kBinary = 1;

/// `[1,2]` as an array's text, `{1,2}`.
std::string array_text(std::string_view json_list) {
  std::string out(json_list);
  if (out.size() >= 2 && out.front() == '[' && out.back() == ']') {
    out.front() = '{';
    out.back() = '}';
  }
  return out;
}

}  // namespace

Result<Answer> PostgresSession::wait() {
  unconfirmed = false;
  return link.wait();
}

Result<PostgresStatement::Bound*> PostgresStatement::place(int position) {
  if (position >= 1 && position <= static_cast<int>(values_.size())) {
    return &values_[static_cast<size_t>(position) - 1];
  }
  return fail(Code::internal_error, "value {} is bound to a statement that has {}: {}", position,
              values_.size(), sql_.text);
}

Result<void> PostgresStatement::bind(int position, int64_t value) {
  Bound* const bound = TRY(place(position));
  *bound = {Kind::integer, integer_bytes(value)};
  return {};
}

Result<void> PostgresStatement::bind(int position, double value) {
  Bound* const bound = TRY(place(position));
  *bound = {Kind::real, real_bytes(value)};
  return {};
}

Result<void> PostgresStatement::bind(int position, std::string_view value) {
  Bound* const bound = TRY(place(position));
  if (value.find('\0') != std::string_view::npos) {
    return fail(Code::invalid_parameter_value,
                "a text with a NUL character (byte 0) cannot be kept in PostgreSQL: '{}'",
                value.substr(0, value.find('\0')));
  }
  const bool is_list = sql_.lists[static_cast<size_t>(position) - 1];
  *bound = {Kind::text, is_list ? array_text(value) : std::string(value)};
  return {};
}

Result<void> PostgresStatement::bind(int position, Blob value) {
  Bound* const bound = TRY(place(position));
  *bound = {Kind::blob, std::string(value.bytes)};
  return {};
}

Result<void> PostgresStatement::bind(int position, std::nullptr_t) {
  Bound* const bound = TRY(place(position));
  *bound = {};
  return {};
}

Result<void> PostgresStatement::bind_all(std::span<const Value> values) {
  int position = 0;
  for (const Value& value : values) {
    position += 1;
    TRY(std::visit([&](const auto& held) { return bind(position, held); }, value));
  }
  return {};
}

/// Declare each value's type as soon as one is seen: an integer also fits where a real stood, a
/// NULL anywhere. What was prepared with other types is prepared again.
void PostgresStatement::fit_types() {
  constexpr Oid kTypes[] = {0, kInt8Type, kFloat8Type, kTextType, kBytesType};
  for (size_t i = 0; i < values_.size(); ++i) {
    const Oid wanted = kTypes[static_cast<size_t>(values_[i].kind)];
    Oid& declared = parameters_.types[i];
    if (wanted == 0 || wanted == declared) continue;
    if (wanted == kInt8Type && declared == kFloat8Type) {
      values_[i].bytes = real_bytes(static_cast<double>(integer_of(values_[i].bytes, kInt8Type)));
      continue;
    }
    declared = wanted;
    forget_prepared();
  }
}

void PostgresStatement::forget_prepared() {
  if (name_.empty()) return;
  if (name_generation_ == session_.link.generation()) session_.unwanted.push_back(name_);
  name_.clear();
}

Result<void> PostgresStatement::start() {
  if (!session_.in_transaction) TRY(session_.link.ensure());
  fit_types();
  parameters_.values.clear();
  parameters_.lengths.clear();
  for (const Bound& bound : values_) {
    parameters_.values.push_back(bound.kind == Kind::null ? nullptr : bound.bytes.data());
    parameters_.lengths.push_back(static_cast<int>(bound.bytes.size()));
  }
  parameters_.formats.assign(values_.size(), kBinary);
  n_runs_ += 1;
  if (n_runs_ == 1) return session_.link.send(sql_.text, parameters_);
  if (name_.empty() || name_generation_ != session_.link.generation()) {
    const std::string name = "s" + std::to_string(++session_.n_prepared);
    session_.unconfirmed = false;  // prepare() waits for all
    TRY(session_.link.prepare(name, sql_.text, parameters_.types));
    name_ = name;
    name_generation_ = session_.link.generation();
  }
  return session_.link.send_prepared(name_, parameters_);
}

Result<void> PostgresStatement::send() {
  TRY(start());
  session_.unconfirmed = true;
  if (!session_.in_transaction) TRY(session_.wait());
  return {};
}

Result<bool> PostgresStatement::next() {
  if (!answer_) {
    TRY(start());
    answer_ = TRY(session_.wait());
    row_ = -1;
    session_.changes = to_integer(libpq().PQcmdTuples(answer_.get())).value_or(0);
  }
  row_ += 1;
  shown_.clear();
  return row_ < libpq().PQntuples(answer_.get());
}

void PostgresStatement::reset() {
  answer_.reset();
  shown_.clear();
  for (Bound& bound : values_) bound = {};
}

std::string_view PostgresStatement::cell(int column) const {
  return {libpq().PQgetvalue(answer_.get(), row_, column),
          static_cast<size_t>(libpq().PQgetlength(answer_.get(), row_, column))};
}

bool PostgresStatement::is_null(int column) const {
  return libpq().PQgetisnull(answer_.get(), row_, column) == 1;
}

int64_t PostgresStatement::integer(int column) const {
  return is_null(column) ? 0 : integer_of(cell(column), libpq().PQftype(answer_.get(), column));
}

double PostgresStatement::real(int column) const {
  return is_null(column) ? 0 : real_of(cell(column), libpq().PQftype(answer_.get(), column));
}

std::string_view PostgresStatement::bytes(int column) const {
  const Oid type = libpq().PQftype(answer_.get(), column);
  if (!is_number(type) || is_null(column)) return cell(column);
  const bool is_real = type == kFloat4Type || type == kFloat8Type || type == kNumericType;
  shown_.push_back(is_real ? fmt::format("{}", real(column)) : std::to_string(integer(column)));
  return shown_.back();
}

}  // namespace slipway::db
