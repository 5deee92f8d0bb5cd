#include "data/column.h"

#include <chrono>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::data {
namespace {

/// Copy the values of some rows; each row has `width` of them.
template <typename Values>
Values taken(const Values& values, const std::vector<size_t>& rows, size_t width = 1) {
  Values out;
  out.reserve(rows.size() * width);
  for (const size_t row : rows) {
    for (size_t i = 0; i < width; ++i) out.push_back(values[row * width + i]);
  }
  return out;
}

template <typename T>
void put_behind(std::vector<T>& values, const std::vector<T>& more) {
  values.insert(values.end(), more.begin(), more.end());
}

void put_behind(Strings& values, const Strings& more) {
  for (size_t i = 0; i < more.size(); ++i) values.push_back(more[i]);
}

}  // namespace

std::string_view type_name(Type type) {
  constexpr std::string_view kNames[] = {"boolean", "int64",  "float32",  "float64",
                                         "string",  "binary", "timestamp"};
  return kNames[static_cast<int>(type)];
}

Result<Type> type_from_name(std::string_view name) {
  struct Spelling {
    std::string_view name;
    Type type;
  };
  constexpr Spelling kSpellings[] = {
      {"boolean", Type::boolean},     {"bool", Type::boolean},       {"int64", Type::int64},
      {"int", Type::int64},           {"integer", Type::int64},      {"long", Type::int64},
      {"float32", Type::float32},     {"float64", Type::float64},    {"float", Type::float64},
      {"double", Type::float64},      {"number", Type::float64},     {"string", Type::string},
      {"str", Type::string},          {"text", Type::string},        {"binary", Type::binary},
      {"timestamp", Type::timestamp}, {"datetime", Type::timestamp}, {"date", Type::timestamp}};
  const auto wanted = lower(name);
  for (const auto& spelling : kSpellings) {
    if (spelling.name == wanted) return spelling.type;
  }
  return fail(Code::invalid_parameter_value,
              "'{}' is not a column type; accepted: boolean, int64, float32, float64, string, "
              "binary, timestamp",
              name);
}

size_t Column::n_missing() const {
  size_t n = 0;
  for (const auto v : valid) n += v == 0;
  return n;
}

double Column::number_at(size_t row) const {
  if (!is_valid(row)) return std::numeric_limits<double>::quiet_NaN();
  switch (type) {
    case Type::boolean: return booleans()[row];
    case Type::int64:
    case Type::timestamp: return static_cast<double>(int64s()[row]);
    case Type::float32: return float32s()[row];
    case Type::float64: return float64s()[row];
    case Type::string:
    case Type::binary: break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::string timestamp_text(int64_t time_us) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  int64_t seconds = time_us / kMicrosPerSecond;
  int64_t micros = time_us % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  auto text = utc_text(seconds * 1000);
  text.resize(text.find('.'));
  return micros == 0 ? text + "Z" : fmt::format("{}.{:06}Z", text, micros);
}

namespace {

// Take `n_digits` digits from the front of `text`.
std::optional<int64_t> take_digits(std::string_view& text, size_t n_digits) {
  if (text.size() < n_digits) return std::nullopt;
  int64_t value = 0;
  for (const char c : text.substr(0, n_digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(n_digits);
  return value;
}

// Take two digits below `bound`, behind the separator if there is to be one.
std::optional<int64_t> take_part(std::string_view& text, char separator, int64_t bound) {
  if (separator != 0) {
    if (!text.starts_with(separator)) return std::nullopt;
    text.remove_prefix(1);
  }
  const auto value = take_digits(text, 2);
  return value && *value < bound ? value : std::nullopt;
}

// Take ".123456" as microseconds; more digits are cut off.
std::optional<int64_t> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  int64_t micros = 0;
  size_t n = 0;
  for (; n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n) {
    if (n < 6) micros = micros * 10 + (text[n] - '0');
  }
  if (n == 0) return std::nullopt;
  text.remove_prefix(n);
  for (; n < 6; ++n) micros *= 10;
  return micros;
}

// Take "Z", "+02:00", "-0530" or nothing as seconds to the east.
std::optional<int64_t> take_offset(std::string_view& text) {
  if (text.empty()) return 0;
  const char sign = text[0];
  text.remove_prefix(1);
  if (sign == 'Z' || sign == 'z') return 0;
  if (sign != '+' && sign != '-') return std::nullopt;
  const auto hours = take_part(text, 0, 24);
  std::optional<int64_t> minutes = 0;
  if (!text.empty()) minutes = take_part(text, text[0] == ':' ? ':' : '\0', 60);
  if (!hours || !minutes) return std::nullopt;
  const int64_t seconds = *hours * 3600 + *minutes * 60;
  return sign == '+' ? seconds : -seconds;
}

// Take a time of day with its offset as microseconds.
std::optional<int64_t> take_time(std::string_view& text) {
  const auto hour = take_part(text, 0, 24);
  const auto minute = take_part(text, ':', 60);
  std::optional<int64_t> second = 0;
  std::optional<int64_t> micros = 0;
  if (text.starts_with(':')) {
    second = take_part(text, ':', 60);
    micros = take_fraction(text);
  }
  const auto offset = take_offset(text);
  if (!hour || !minute || !second || !micros || !offset) return std::nullopt;
  return ((*hour * 60 + *minute) * 60 + *second - *offset) * 1'000'000 + *micros;
}

}  // namespace

std::optional<int64_t> timestamp_from_text(std::string_view text) {
  const auto year = take_digits(text, 4);
  const auto month = year ? take_part(text, '-', 13) : std::nullopt;
  const auto day = month ? take_part(text, '-', 32) : std::nullopt;
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::optional<int64_t> time = 0;
  if (!text.empty()) {
    if (text[0] != ' ' && text[0] != 'T' && text[0] != 't') return std::nullopt;
    text.remove_prefix(1);
    time = take_time(text);
  }
  if (!time || !text.empty()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400'000'000 + *time;
}

std::string Column::text_at(size_t row) const {
  if (!is_valid(row)) return "null";
  switch (type) {
    case Type::boolean: return booleans()[row] != 0 ? "true" : "false";
    case Type::int64: return std::to_string(int64s()[row]);
    case Type::float32: return fmt::format("{}", float32s()[row]);
    case Type::float64: return fmt::format("{}", float64s()[row]);
    case Type::timestamp: return timestamp_text(int64s()[row]);
    case Type::string:
    case Type::binary: break;
  }
  return std::string(strings()[row]);
}

Column float64_column(std::string name, std::vector<double> values) {
  return {std::move(name), Type::float64, std::move(values), {}};
}

Column int64_column(std::string name, std::vector<int64_t> values) {
  return {std::move(name), Type::int64, std::move(values), {}};
}

Column string_column(std::string name, const std::vector<std::string>& values) {
  Strings strings;
  strings.reserve(values.size());
  for (const auto& value : values) strings.push_back(value);
  return {std::move(name), Type::string, std::move(strings), {}};
}

const Column* Batch::find(std::string_view name) const {
  for (const auto& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Result<const Column*> Batch::column(std::string_view name) const {
  if (const auto* column = find(name)) return column;
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return fail(Code::invalid_parameter_value, "no column '{}'; there are: {}", name,
              join(names, ", "));
}

void Batch::append(const Batch& other) {
  check(columns.size() == other.columns.size(), "batches have the same columns");
  for (size_t i = 0; i < columns.size(); ++i) {
    auto& column = columns[i];
    const auto& more = other.columns[i];
    check(column.type == more.type && column.shape == more.shape,
          "batches have columns of the same types");
    if (!column.valid.empty() || !more.valid.empty()) {
      column.valid.resize(n_rows, 1);
      if (more.valid.empty()) {
        column.valid.resize(n_rows + other.n_rows, 1);
      } else {
        put_behind(column.valid, more.valid);
      }
    }
    std::visit(
        [&](auto& values) {
          put_behind(values, std::get<std::decay_t<decltype(values)>>(more.values));
        },
        column.values);
  }
  n_rows += other.n_rows;
}

Batch Batch::take(const std::vector<size_t>& rows) const {
  Batch out;
  out.n_rows = rows.size();
  for (const auto& column : columns) {
    Column copy{column.name, column.type, {}, {}, column.shape};
    copy.values =
        std::visit([&](const auto& v) { return Column::Values(taken(v, rows, column.width())); },
                   column.values);
    if (!column.valid.empty()) copy.valid = taken(column.valid, rows);
    out.columns.push_back(std::move(copy));
  }
  return out;
}

}  // namespace slipway::data
