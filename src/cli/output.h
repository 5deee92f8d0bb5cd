// cli/output.h — results on standard output: a table for people, JSON or CSV for programs.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace slipway::cli {

enum class Format { table, json, csv };

/// Rows of texts under a header. A cell's JSON is a number where `numeric` says so of its column.
struct Listing {
  struct Heading {
    std::string name;
    bool numeric = false;
  };
  std::vector<Heading> headings;
  std::vector<std::vector<std::string>> rows;
};

/// Write a listing in the format asked for: aligned columns, a JSON list of objects, or RFC 4180.
void print(const Listing& listing, Format format);

/// Write a listing as aligned columns, each line after `indent`.
std::string table_text(const Listing& listing, std::string_view indent = "");

/// Write one JSON value, indented.
void print(const Json& value);

/// Write a line of text.
void print_line(std::string_view text);

/// Shorten a number for people: six significant digits at most.
std::string short_number(double value);

/// Write a time as ISO 8601 in UTC; nothing where there is none (0).
std::string time_text(int64_t time_ms);

/// Write a whole number with separators: 336,776.
std::string grouped(uint64_t value);

}  // namespace slipway::cli
