#include "cli/output.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway::cli {
namespace {

// Characters as a terminal counts them: UTF-8 continuation bytes take no place.
size_t width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) out += (i ? "," : "") + csv_field(cells[i]);
  return out + '\n';
}

Json json_cell(const std::string& text, bool numeric) {
  if (!numeric) return Json(text);
  if (text.empty()) return Json(nullptr);
  if (const auto integer = to_integer(text)) return Json(*integer);
  if (const auto number = to_number(text)) return Json(*number);
  return Json(text);
}

void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

std::string table_text(const Listing& listing, std::string_view indent) {
  std::vector<size_t> widths;
  for (const auto& heading : listing.headings) widths.push_back(width(heading.name));
  for (const auto& row : listing.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  const auto line = [&](auto&& cell_at) {
    std::string text(indent);
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string cell = cell_at(i);
      const std::string blanks(widths[i] - width(cell), ' ');
      text += listing.headings[i].numeric ? blanks + cell : cell + blanks;
      text += "  ";
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
  };
  line([&](size_t i) { return listing.headings[i].name; });
  for (const auto& row : listing.rows) line([&](size_t i) { return row[i]; });
  return out;
}

void JsonList::add(const Json& item) {
  std::string text = is_empty_ ? "[" : ",";
  for (const auto& line : split(to_pretty_text(item), '\n')) text += "\n  " + line;
  is_empty_ = false;
  put(text);
}

void JsonList::finish() { put(is_empty_ ? "[]\n" : "\n]\n"); }

Rows::Rows(std::vector<Listing::Heading> headings, Format format)
    : listing_{std::move(headings), {}}, format_(format) {
  if (format_ != Format::csv) return;
  std::vector<std::string> names;
  for (const auto& heading : listing_.headings) names.push_back(heading.name);
  put(csv_line(names));
}

void Rows::add(std::vector<std::string> row) {
  if (format_ == Format::table) {
    listing_.rows.push_back(std::move(row));
  } else if (format_ == Format::csv) {
    put(csv_line(row));
  } else {
    JsonObject object;
    for (size_t i = 0; i < row.size(); ++i) {
      object[listing_.headings[i].name] = json_cell(row[i], listing_.headings[i].numeric);
    }
    list_.add(object);
  }
}

void Rows::finish() {
  if (format_ == Format::table) put(table_text(listing_));
  if (format_ == Format::json) list_.finish();
}

Result<void> written() {
  const bool flushed = std::fflush(stdout) == 0;
  const int reason = errno;
  if (flushed && !std::ferror(stdout)) return {};
  return errno_error(flushed ? EIO : reason, "write", "standard output");
}

void print(const Listing& listing, Format format) {
  Rows rows(listing.headings, format);
  for (const auto& row : listing.rows) rows.add(row);
  rows.finish();
}

void print(const Json& value) { print_line(to_pretty_text(value)); }

void print_line(std::string_view text) {
  put(text);
  put("\n");
  std::fflush(stdout);
}

std::string short_number(double value) {
  if (std::isnan(value)) return "";
  if (value == std::trunc(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.6g}", value);
}

std::string time_text(int64_t time_ms) { return time_ms > 0 ? utc_text(time_ms) : ""; }

std::string grouped(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace slipway::cli
