// cli/output.h — results on standard output: a table for people, JSON or CSV for programs.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

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

/// A JSON list of which each item is written when it comes.
class JsonList {
 public:
  void add(const Json& item);
  void finish();

 private:
  bool is_empty_ = true;
};

/// Rows that are written when they come: as RFC 4180 or as a JSON list of objects at once, as a
/// table at the end, when the widths of its columns are known.
class Rows {
 public:
  Rows(std::vector<Listing::Heading> headings, Format format);
  void add(std::vector<std::string> row);
  void finish();

 private:
  Listing listing_;  // its rows only of a table
  Format format_;
  JsonList list_;
};

/// Tell whether all that was printed so far could be written: many rows are worth the question.
/// Errors   temporarily_unavailable: the disk is full; internal_error: the output was closed, or
///          otherwise fails.
Result<void> written();

/// Write a listing in the format asked for.
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
