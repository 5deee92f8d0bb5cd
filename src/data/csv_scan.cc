#include "data/csv_scan.h"

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "data/arrow_status.h"
#include "data/csv_source.h"

namespace slipway::data {
namespace {

constexpr int64_t kBlockBytes = 1 << 18;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kShownBytes = 60;
constexpr size_t kShownMissing = 6;

std::string shown(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  return std::string(text.substr(0, kShownBytes)) + "…";
}

std::string missing_list(const std::vector<std::string>& na_values) {
  std::vector<std::string> parts;
  for (const auto& value : na_values) {
    if (parts.size() == kShownMissing) {
      parts.push_back("…");
      break;
    }
    parts.push_back(value.empty() ? "\"\"" : value);
  }
  return parts.empty() ? "" : " or one of " + join(parts, ", ");
}

std::string place(const std::filesystem::path& path, size_t line) {
  return fmt::format("{} line {}", path.string(), line);
}

}  // namespace

CsvScanner::CsvScanner(std::filesystem::path path, char delimiter,
                       std::shared_ptr<arrow::io::InputStream> stream)
    : path_(std::move(path)), delimiter_(delimiter), stream_(std::move(stream)) {}

Result<CsvScanner> CsvScanner::open(const std::filesystem::path& path, char delimiter) {
  auto stream = TRY(open_csv(path));
  CsvScanner scanner(path, delimiter, std::move(stream));
  scanner.peek();
  if (scanner.block_.starts_with(kByteOrderMark)) scanner.at_ = kByteOrderMark.size();
  return scanner;
}

// The next byte, or kEnd behind the last or where the stream is damaged.
int CsvScanner::peek() {
  if (at_ == block_.size() && !damage_) {
    block_.resize(kBlockBytes);
    at_ = 0;
    const auto n = stream_->Read(kBlockBytes, block_.data());
    block_.resize(n.ok() ? static_cast<size_t>(*n) : 0);
    if (!n.ok()) damage_ = arrow_file_error(n.status(), "read", path_);
  }
  return at_ < block_.size() ? static_cast<unsigned char>(block_[at_]) : kEnd;
}

// Step over the byte that peek() gave; "\r\n" counts as one line end.
void CsvScanner::skip() {
  const char c = block_[at_++];
  if (c == '\n' || (c == '\r' && peek() != '\n')) ++line_;
}

Result<void> CsvScanner::read_quoted(CsvField& field) {
  skip();
  while (true) {
    const int c = peek();
    if (c == kEnd) {
      if (damage_) return *damage_;
      return fail(Code::invalid_parameter_value, "{}: the quote that opens here is never closed",
                  place(path_, field.line));
    }
    skip();
    if (c == '"') {
      if (peek() != '"') return {};
      skip();
    }
    field.text += static_cast<char>(c);
  }
}

Result<CsvField> CsvScanner::read_field() {
  CsvField field{"", line_};
  if (peek() == '"') TRY(read_quoted(field));
  while (true) {
    const int c = peek();
    if (c == kEnd || c == '\n' || c == '\r' || c == static_cast<unsigned char>(delimiter_)) {
      return field;
    }
    field.text += static_cast<char>(c);
    skip();
  }
}

Result<CsvRow> CsvScanner::next() {
  while (peek() == '\n' || peek() == '\r') skip();
  CsvRow row;
  while (peek() != kEnd) {
    auto field = TRY(read_field());
    row.push_back(std::move(field));
    const int c = peek();
    if (c == kEnd) break;
    skip();
    if (c != static_cast<unsigned char>(delimiter_)) {
      if (c == '\r' && peek() == '\n') skip();
      return row;
    }
    // a delimiter at the very end of the file is followed by one more, empty field
    if (peek() == kEnd) row.push_back({"", line_});
  }
  if (damage_) return *damage_;
  return row;
}

std::optional<Error> first_mistake(const std::filesystem::path& path, const CsvOptions& options,
                                   const std::vector<CsvExpectation>& expectations) {
  auto scanner = CsvScanner::open(path, options.delimiter);
  if (!scanner.ok()) return scanner.error();
  const auto header = scanner->next();
  if (!header.ok()) return header.error();
  const std::set<std::string, std::less<>> missing(options.na_values.begin(),
                                                   options.na_values.end());
  while (true) {
    const auto row = scanner->next();
    if (!row.ok()) return row.error();
    if (row->empty()) return std::nullopt;
    if (row->size() != header->size()) {
      return fail(Code::invalid_parameter_value, "{}: {} fields where the header has {}",
                  place(path, row->front().line), row->size(), header->size());
    }
    for (const auto& expected : expectations) {
      const auto& [text, line] = (*row)[expected.column];
      if (missing.contains(text) || expected.accepts(text)) continue;
      const auto& name = (*header)[expected.column].text;
      return fail(Code::invalid_parameter_value,
                  "{}, column '{}': '{}' {}; accepted: {}{}; or read the column as text with "
                  "--types {}=string",
                  place(path, line), name, shown(text), expected.mistake, expected.accepted,
                  missing_list(options.na_values), name);
    }
  }
}

Result<std::vector<std::string>> csv_header(const std::filesystem::path& path, char delimiter) {
  auto scanner = TRY(CsvScanner::open(path, delimiter));
  const auto row = TRY(scanner.next());
  if (row.empty()) {
    return fail(Code::invalid_parameter_value,
                "{} is empty; a CSV file begins with a line of column names", path.string());
  }
  std::vector<std::string> names;
  std::map<std::string, size_t> places;
  for (const auto& [name, line] : row) {
    if (!is_utf8(name) || name.find('\0') != std::string::npos) {
      return fail(Code::invalid_parameter_value,
                  "{} does not begin with a line of UTF-8 text; is it a CSV file? accepted: CSV in "
                  "UTF-8, plain, .gz or .zip",
                  path.string());
    }
    names.push_back(name);
    if (trim(name).empty()) {
      return fail(Code::invalid_parameter_value, "{}: column {} of {} has no name",
                  place(path, line), names.size(), row.size());
    }
    const auto [found, fresh] = places.emplace(name, names.size());
    if (!fresh) {
      return fail(Code::invalid_parameter_value, "{}: columns {} and {} are both named '{}'",
                  place(path, line), found->second, names.size(), name);
    }
  }
  return names;
}

}  // namespace slipway::data
