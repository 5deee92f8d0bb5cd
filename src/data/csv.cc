#include "data/csv.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/csv/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/value_parsing.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "data/arrow_status.h"
#include "data/convert.h"
#include "data/csv_scan.h"
#include "data/csv_source.h"

namespace slipway::data {
namespace {

using ArrowTypes = std::map<std::string, std::shared_ptr<arrow::DataType>>;

// A row must fit into a block, so a file with huge fields is read again with huge blocks.
constexpr int32_t kBlockBytes[] = {1 << 22, 1 << 26, 1 << 30};

// From this many values on, a column of which so many parts of 100 are numbers is numeric.
constexpr int64_t kNumericRows = 20;
constexpr int64_t kNumericPercent = 95;

bool is_number(std::string_view text) {
  text = trim(text);
  double ignored = 0;
  return arrow::internal::StringToFloat(text.data(), text.size(), '.', &ignored);
}

bool is_integer(std::string_view text) {
  text = trim(text);
  int64_t ignored = 0;
  return arrow::internal::ParseValue<arrow::Int64Type>(text.data(), text.size(), &ignored);
}

bool is_boolean(std::string_view text) {
  text = trim(text);
  const auto defaults = arrow::csv::ConvertOptions::Defaults();
  return std::ranges::count(defaults.true_values, text) != 0 ||
         std::ranges::count(defaults.false_values, text) != 0;
}

bool is_timestamp(std::string_view text) {
  text = trim(text);
  int64_t ignored = 0;
  return arrow::internal::ParseTimestampISO8601(text.data(), text.size(), arrow::TimeUnit::NANO,
                                                &ignored);
}

CsvExpectation expectation(size_t column, Type type) {
  switch (type) {
    case Type::boolean: return {column, is_boolean, "is not a boolean", "true, false, 1, 0"};
    case Type::int64: return {column, is_integer, "is not an integer", "an integer"};
    case Type::float32:
    case Type::float64: return {column, is_number, "is not a number", "a number"};
    case Type::timestamp:
      return {column, is_timestamp, "is not a timestamp",
              "a timestamp such as 2013-01-31T05:00:00Z"};
    case Type::string: return {column, is_utf8, "is not UTF-8", "text in UTF-8"};
    case Type::binary: break;
  }
  return {column, [](std::string_view) { return true; }, "", ""};
}

arrow::Result<std::shared_ptr<arrow::Table>> parse_once(
    const std::shared_ptr<arrow::io::InputStream>& stream, const CsvOptions& options,
    const ArrowTypes& types, int32_t block_bytes) {
  auto reading = arrow::csv::ReadOptions::Defaults();
  reading.block_size = block_bytes;
  auto parsing = arrow::csv::ParseOptions::Defaults();
  parsing.delimiter = options.delimiter;
  parsing.newlines_in_values = true;
  auto converting = arrow::csv::ConvertOptions::Defaults();
  converting.null_values = options.na_values;
  converting.strings_can_be_null = true;
  converting.column_types.insert(types.begin(), types.end());
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        arrow::csv::TableReader::Make(arrow::io::default_io_context(), stream,
                                                      reading, parsing, converting));
  return reader->Read();
}

// One file on its way to a table.
class CsvFile {
 public:
  CsvFile(const std::filesystem::path& path, const CsvOptions& options)
      : path_(path), options_(options) {}

  Result<Table> read() {
    names_ = TRY(csv_header(path_, options_.delimiter));
    TRY(force_types());
    auto table = TRY(parse());
    if (table->num_rows() == 0) {
      return fail(Code::invalid_parameter_value, "{} has column names but no rows", path_.string());
    }
    if (force_times_to_text(*table)) table = TRY(parse());
    TRY(find_mistakes(*table));
    return with_timestamps(table);
  }

 private:
  Result<void> force_types() {
    for (const auto& [name, type] : options_.types) {
      if (std::ranges::count(names_, name) == 0) {
        return fail(Code::invalid_parameter_value,
                    "{} has no column '{}' to read as {}; there are: {}", path_.string(), name,
                    type_name(type), join(names_, ", "));
      }
      // timestamps come with and without time zone, which only inference tells apart
      if (type != Type::timestamp) forced_[name] = arrow_type(type);
    }
    return {};
  }

  Result<std::shared_ptr<arrow::Table>> parse() const {
    arrow::Status problem;
    for (const auto block_bytes : kBlockBytes) {
      const auto stream = TRY(open_csv(path_));
      auto table = parse_once(stream, options_, forced_, block_bytes);
      if (table.ok()) return std::move(table).ValueUnsafe();
      problem = table.status();
      if (problem.message().find("straddling") == std::string::npos) break;
    }
    if (const auto mistake = first_mistake(path_, options_, expectations(options_.types))) {
      return *mistake;
    }
    return arrow_file_error(problem, "read", path_);
  }

  std::vector<CsvExpectation> expectations(const std::map<std::string, Type>& types) const {
    std::vector<CsvExpectation> all;
    for (const auto& [name, type] : types) {
      const auto place = std::ranges::find(names_, name) - names_.begin();
      all.push_back(expectation(static_cast<size_t>(place), type));
    }
    return all;
  }

  // Texts like "10:30" are inferred as times of day, which have no place among our types.
  bool force_times_to_text(const arrow::Table& table) {
    const size_t before = forced_.size();
    for (const auto& field : table.schema()->fields()) {
      if (arrow::is_time(field->type()->id())) forced_[field->name()] = arrow::utf8();
    }
    return forced_.size() != before;
  }

  // Find columns that inference made something else of because of a few wrong values.
  Result<void> find_mistakes(const arrow::Table& table) const {
    std::map<std::string, Type> suspects;
    for (int i = 0; i < table.num_columns(); ++i) {
      const auto& name = table.schema()->field(i)->name();
      const auto type = table.column(i)->type()->id();
      const auto forced = options_.types.find(name);
      if (forced != options_.types.end()) {
        const bool fits = type == arrow::Type::NA || type == arrow::Type::TIMESTAMP ||
                          type == arrow::Type::DATE32;
        if (forced->second == Type::timestamp && !fits) suspects[name] = Type::timestamp;
      } else if (type == arrow::Type::BINARY) {
        suspects[name] = Type::string;
      } else if (type == arrow::Type::STRING && mostly_numbers(*table.column(i))) {
        suspects[name] = Type::float64;
      }
    }
    if (suspects.empty() && !ends_inside_quotes(table)) return {};
    if (auto mistake = first_mistake(path_, options_, expectations(suspects))) return *mistake;
    if (suspects.empty() || suspects.begin()->second != Type::timestamp) return {};
    return fail(Code::invalid_parameter_value,
                "{}, column '{}': some timestamps have a time zone and some have none; accepted: "
                "all with, or all without",
                path_.string(), suspects.begin()->first);
  }

  // Arrow takes a quote that is never closed for a field up to the end of the file.
  static bool ends_inside_quotes(const arrow::Table& table) {
    const auto last = table.columns().back();
    if (last->type()->id() != arrow::Type::STRING || last->num_chunks() == 0) return false;
    const auto& texts = static_cast<const arrow::StringArray&>(*last->chunks().back());
    return texts.length() > 0 && texts.IsValid(texts.length() - 1) &&
           texts.GetView(texts.length() - 1).find_first_of("\r\n") != std::string_view::npos;
  }

  static bool mostly_numbers(const arrow::ChunkedArray& column) {
    const auto n_values = column.length() - column.null_count();
    if (n_values < kNumericRows) return false;
    int64_t n_others_left = n_values * (100 - kNumericPercent) / 100;
    for (const auto& chunk : column.chunks()) {
      const auto& texts = static_cast<const arrow::StringArray&>(*chunk);
      for (int64_t i = 0; i < texts.length(); ++i) {
        if (texts.IsNull(i) || is_number(texts.GetView(i))) continue;
        if (--n_others_left < 0) return false;
      }
    }
    return true;
  }

  // A column to be read as timestamps that has no value at all is inferred as nulls.
  Result<Table> with_timestamps(std::shared_ptr<arrow::Table> table) const {
    for (const auto& [name, type] : options_.types) {
      const int place = table->schema()->GetFieldIndex(name);
      if (type != Type::timestamp || table->column(place)->type()->id() != arrow::Type::NA) {
        continue;
      }
      const auto wanted = arrow_type(Type::timestamp);
      const auto cast = TRY(taken_from(
          arrow::compute::Cast(arrow::Datum(table->column(place)), wanted), path_.string()));
      table =
          TRY(taken_from(table->SetColumn(place, arrow::field(name, wanted), cast.chunked_array()),
                         path_.string()));
    }
    return Table(std::move(table));
  }

  const std::filesystem::path& path_;
  const CsvOptions& options_;
  std::vector<std::string> names_;
  ArrowTypes forced_;
};

}  // namespace

Result<std::map<std::string, Type>> parse_types(std::string_view text) {
  std::map<std::string, Type> types;
  for (const auto& pair : split(text, ',')) {
    const auto equals = pair.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::invalid_parameter_value,
                  "'{}' is not of the form column=type, such as age=float64", pair);
    }
    const auto type = TRY(type_from_name(trim(std::string_view(pair).substr(equals + 1))));
    types[std::string(trim(std::string_view(pair).substr(0, equals)))] = type;
  }
  return types;
}

Result<Table> read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  return CsvFile(path, options).read();
}

}  // namespace slipway::data
