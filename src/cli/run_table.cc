#include "cli/run_table.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/connect.h"

namespace slipway::cli {
namespace {

struct Field {
  std::string_view name;
  std::string (*text)(const client::Run& run);
};

constexpr Field kFields[] = {
    {"run_id", [](const client::Run& run) { return run.run_id; }},
    {"run_name", [](const client::Run& run) { return run.run_name; }},
    {"experiment_id", [](const client::Run& run) { return run.experiment_id; }},
    {"status", [](const client::Run& run) { return run.status; }},
    {"lifecycle_stage", [](const client::Run& run) { return run.lifecycle_stage; }},
    {"artifact_uri", [](const client::Run& run) { return run.artifact_uri; }},
    {"start_time", [](const client::Run& run) { return time_text(run.start_time_ms); }},
    {"end_time", [](const client::Run& run) { return time_text(run.end_time_ms); }},
};
constexpr size_t kRowsBetweenLooks = 1000;
constexpr std::string_view kPrefixes[] = {"metrics.", "params.", "tags."};

template <typename Value>
const Value* value_of(const std::map<std::string, Value>& values, std::string_view name) {
  const auto found = values.find(std::string(name));
  return found == values.end() ? nullptr : &found->second;
}

std::string text_of(const std::string* text) { return text ? *text : ""; }

std::string text_of(const Json& text) {
  return {text.get_string().data(), text.get_string().size()};
}

// A line that RunSpool::add() wrote, as a row of `n_cells`.
std::vector<std::string> cells_of(std::string_view line, const std::vector<size_t>& places,
                                  size_t n_cells) {
  const auto parsed = parse_json(line);
  check(parsed.ok() && parsed->is_array(), "a run's line is what was written");
  const auto& values = parsed->get_array();
  std::vector<std::string> row(n_cells);
  for (size_t i = 0; i < std::size(kFields); ++i) row[i] = text_of(values[i]);
  for (size_t i = std::size(kFields); i + 1 < values.size(); i += 2) {
    row[places[values[i].to_number<size_t>()]] = text_of(values[i + 1]);
  }
  return row;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<void> check_column(std::string_view name) {
  std::vector<std::string> accepted;
  for (const auto& field : kFields) {
    if (name == field.name) return {};
    accepted.emplace_back(field.name);
  }
  for (const auto& prefix : kPrefixes) {
    if (name.starts_with(prefix) && name.size() > prefix.size()) return {};
    accepted.push_back(std::string(prefix) + "NAME");
  }
  return fail(Code::invalid_parameter_value, "there is no column '{}'; accepted: {}", name,
              join(accepted, ", "));
}

Listing::Heading heading_of(std::string_view column) {
  return {std::string(column), column.starts_with(kPrefixes[0])};
}

std::string cell_of(const client::Run& run, std::string_view column, Format format) {
  for (const auto& field : kFields) {
    if (column == field.name) return field.text(run);
  }
  const auto name = column.substr(column.find('.') + 1);
  if (column.starts_with(kPrefixes[1])) return text_of(value_of(run.params, name));
  if (column.starts_with(kPrefixes[2])) return text_of(value_of(run.tags, name));
  const auto* metric = value_of(run.metrics, name);
  if (!metric) return "";
  return format == Format::table ? short_number(*metric) : fmt::format("{}", *metric);
}

Json run_json(const client::Run& run) {
  JsonObject metrics;
  for (const auto& [key, value] : run.metrics) metrics[key] = value;
  return JsonObject{{"run_id", run.run_id},
                    {"run_name", run.run_name},
                    {"experiment_id", run.experiment_id},
                    {"status", run.status},
                    {"lifecycle_stage", run.lifecycle_stage},
                    {"start_time", run.start_time_ms},
                    {"end_time", run.end_time_ms},
                    {"artifact_uri", run.artifact_uri},
                    {"metrics", metrics},
                    {"params", texts_json(run.params)},
                    {"tags", texts_json(run.tags)}};
}

Result<RunSpool> RunSpool::make() {
  const auto folder = TRY(TemporaryFolder::make());  // it goes at once, the open file stays
  const auto path = folder.path() / "runs";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return errno_error(errno, "make", path);
  return RunSpool(std::move(file));
}

size_t RunSpool::number_of(Kind kind, const std::string& name) {
  const auto [place, is_new] = columns_[kind].try_emplace(name, n_columns_);
  if (is_new) ++n_columns_;
  return place->second;
}

Result<void> RunSpool::add(std::span<const client::Run> runs) {
  std::string lines;
  for (const auto& run : runs) {
    JsonArray line;
    for (const auto& field : kFields) line.emplace_back(field.text(run));
    const auto put = [&](Kind kind, const std::string& name, std::string value) {
      line.emplace_back(number_of(kind, name));
      line.emplace_back(std::move(value));
    };
    for (const auto& [name, value] : run.metrics) put(metric, name, fmt::format("{}", value));
    for (const auto& [name, value] : run.params) put(param, name, value);
    for (const auto& [name, value] : run.tags) put(tag, name, value);
    lines += to_text(line) + '\n';
  }
  if (write_all(file_.get(), lines)) return {};
  return errno_error(errno, "write", "a temporary file");
}

Result<void> RunSpool::print_csv() {
  std::vector<Listing::Heading> headings;
  for (const auto& field : kFields) headings.push_back({std::string(field.name)});
  std::vector<size_t> places(n_columns_);  // of a column's number
  for (size_t kind = 0; kind < n_kinds; ++kind) {
    for (const auto& [name, number] : columns_[kind]) {
      places[number] = headings.size();
      headings.push_back({std::string(kPrefixes[kind]) + name});
    }
  }
  const size_t n_cells = headings.size();
  ::lseek(file_.get(), 0, SEEK_SET);
  const std::unique_ptr<std::FILE, CloseFile> file(::fdopen(file_.release(), "r"));
  if (!file) return errno_error(errno, "read", "a temporary file");
  Rows rows(std::move(headings), Format::csv);
  char* line = nullptr;
  size_t capacity = 0;
  size_t n_rows = 0;
  Result<void> outcome;
  while (outcome.ok() && ::getline(&line, &capacity, file.get()) > 0) {
    rows.add(cells_of(line, places, n_cells));
    if (++n_rows % kRowsBetweenLooks == 0) outcome = written();
  }
  const int reason = std::ferror(file.get()) ? errno : 0;
  std::free(line);
  TRY(std::move(outcome));
  if (reason != 0) return errno_error(reason, "read", "a temporary file");
  rows.finish();
  return written();
}

}  // namespace slipway::cli
