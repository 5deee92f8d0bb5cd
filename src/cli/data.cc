#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "data/profile.h"
#include "data/read.h"
#include "data/recipe.h"

namespace slipway::cli {
namespace {

// What every command that reads one table takes.
struct TableFlags {
  std::string file;
  std::string types;
  Format format = Format::table;

  void declare(Flags& flags) {
    flags.positional(file, "FILE", "A .csv, .csv.gz, .csv.zip, .parquet or .arrow file");
    flags.text(types, "--types", "Types of CSV columns, such as age=float64,id=string");
    flags.format(format);
  }

  Result<data::Table> read() const {
    data::ReadOptions options;
    options.csv.types = TRY(data::parse_types(types));
    return data::read_table(file, options);
  }
};

std::string cell_text(const data::Column& column, size_t row) {
  if (!column.is_valid(row)) return "";
  switch (column.type) {
    case data::Type::boolean: return column.booleans()[row] ? "true" : "false";
    case data::Type::int64: return std::to_string(column.int64s()[row]);
    case data::Type::timestamp: return utc_text(column.int64s()[row] / 1000);
    case data::Type::float32:
    case data::Type::float64: {
      std::string text;
      append_number(text, column.number_at(row));
      return text;
    }
    case data::Type::string: return std::string(column.strings()[row]);
    case data::Type::binary: return base64_encode(column.strings()[row]);
  }
  return "";
}

std::string top_text(const data::ColumnProfile& column) {
  std::vector<std::string> parts;
  for (const auto& [value, count] : column.top) {
    parts.push_back(fmt::format("{} ({})", value.substr(0, 24), grouped(count)));
  }
  return join(parts, ", ");
}

std::string number_text(const data::ColumnProfile& column, double data::NumberProfile::* part) {
  if (!column.numbers) return "";
  const double value = (*column.numbers).*part;
  if (column.type == data::Type::timestamp) return utc_text(static_cast<int64_t>(value / 1000));
  return short_number(value);
}

}  // namespace

Result<int> data_schema(Invocation& call) {
  TableFlags table_flags;
  Flags flags(call);
  table_flags.declare(flags);
  TRY(flags.parse());
  const auto table = TRY(table_flags.read());
  Listing listing{{{"column"}, {"type"}, {"stored as"}}, {}};
  for (const auto& field : table.schema()) {
    const auto type = field.type ? std::string(data::type_name(*field.type)) : "";
    listing.rows.push_back({field.name, type, field.stored_as});
  }
  print(listing, table_flags.format);
  return 0;
}

Result<int> data_head(Invocation& call) {
  TableFlags table_flags;
  int64_t n_rows = 10;
  Flags flags(call);
  table_flags.declare(flags);
  flags.integer(n_rows, "-n,--rows", "Rows to show", 1, 100'000);
  TRY(flags.parse());
  const auto table = TRY(table_flags.read());
  const auto batch = TRY(table.slice(0, static_cast<size_t>(n_rows)).batch());
  Listing listing;
  for (const auto& column : batch.columns) {
    listing.headings.push_back({column.name, column.is_numeric()});
  }
  for (size_t row = 0; row < batch.n_rows; ++row) {
    auto& cells = listing.rows.emplace_back();
    for (const auto& column : batch.columns) cells.push_back(cell_text(column, row));
  }
  print(listing, table_flags.format);
  return 0;
}

Listing profile_listing(const std::vector<data::ColumnProfile>& columns) {
  Listing listing{{{"column"},
                   {"type"},
                   {"missing", true},
                   {"distinct", true},
                   {"min", true},
                   {"mean", true},
                   {"max", true},
                   {"top values"}},
                  {}};
  for (const auto& column : columns) {
    listing.rows.push_back({column.name, std::string(data::type_name(column.type)),
                            std::to_string(column.n_missing), std::to_string(column.n_distinct),
                            number_text(column, &data::NumberProfile::min),
                            number_text(column, &data::NumberProfile::mean),
                            number_text(column, &data::NumberProfile::max), top_text(column)});
  }
  return listing;
}

Result<int> data_profile(Invocation& call) {
  TableFlags table_flags;
  Flags flags(call);
  table_flags.declare(flags);
  TRY(flags.parse());
  const auto table = TRY(table_flags.read());
  const auto columns = TRY(data::profile(table));
  if (table_flags.format == Format::json) {
    print(data::to_json(columns));
    return 0;
  }
  print(profile_listing(columns), table_flags.format);
  if (table_flags.format == Format::table) {
    print_line(fmt::format("\n{} rows, {} columns", grouped(table.n_rows()), table.n_columns()));
  }
  return 0;
}

Result<int> data_prepare(Invocation& call) {
  std::string recipe_file;
  std::string out;
  std::string root;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(recipe_file, "RECIPE", "The recipe, a YAML file");
  flags.text(out, "--out", "Folder for the parts, a Parquet file each", Need::required);
  flags.text(root, "--root", "Folder that the recipe's tables are in [the recipe's own]");
  flags.format(format);
  TRY(flags.parse());
  auto recipe = TRY(data::read_recipe(recipe_file));
  if (!root.empty()) recipe.root = root;
  const auto prepared = TRY(data::prepare(recipe));
  TRY(make_folder(out));
  for (const auto& part : prepared.parts) {
    TRY(data::write_table(part.table, std::filesystem::path(out) / (part.name + ".parquet")));
  }
  auto summary = TRY(data::summary(prepared));
  if (format == Format::json) {
    print(summary);
    return 0;
  }
  Listing listing{{{"step"}, {"rows", true}, {"matched", true}, {"dropped", true}}, {}};
  for (const auto& step : prepared.steps) {
    listing.rows.push_back({step.what, std::to_string(step.n_rows),
                            step.n_matched ? std::to_string(*step.n_matched) : "",
                            step.n_dropped ? std::to_string(*step.n_dropped) : ""});
  }
  print(listing, format);
  return 0;
}

Result<int> data_convert(Invocation& call) {
  std::string from;
  std::string to;
  std::string types;
  Flags flags(call);
  flags.positional(from, "IN", "The table to read");
  flags.positional(to, "OUT", "The file to write: .parquet, .csv or .arrow");
  flags.text(types, "--types", "Types of CSV columns, such as age=float64,id=string");
  TRY(flags.parse());
  data::ReadOptions options;
  options.csv.types = TRY(data::parse_types(types));
  const auto table = TRY(data::read_table(from, options));
  TRY(data::write_table(table, to));
  print_line(fmt::format("{} rows, {} columns written to {}", grouped(table.n_rows()),
                         table.n_columns(), to));
  return 0;
}

}  // namespace slipway::cli
