// store/run_filter.h — the clauses of a search over runs as tests on columns.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "db/connection.h"
#include "store/run_columns.h"
#include "store/search_parser.h"
#include "store/search_sql.h"

namespace slipway::store {

enum class Comparator : uint8_t {
  less,
  less_or_equal,
  equal,
  not_equal,
  greater_or_equal,
  greater,
  like,
  ilike,
  in,
  not_in,
  is_null,
  is_not_null,
};

/// Tell whether `text` fits a pattern with % (any characters) and _ (one character, in UTF-8).
bool is_like(std::string_view text, std::string_view pattern);

/// One clause. Any number of tables may be tested, of one state of the dictionaries.
class RunClause {
 public:
  /// Make a clause of a comparison that is known to be right (its SQL was made).
  static Result<RunClause> make(db::Connection& conn, const Comparison& comparison);

  /// The column it needs, or null.
  const ColumnKey* column() const { return needs_column_ ? &column_ : nullptr; }

  /// Look the texts up; to be called before test(), while the dictionaries stay as they are.
  void bind(const Dictionaries& dictionaries);

  /// Set those `passes` to 0 whose runs do not pass: runs `first`, `first` + 1, … of a table.
  void test(const RunTable& table, size_t first, std::span<uint8_t> passes);

  /// How much a test costs: cheap ones go first.
  int cost() const;

 private:
  enum class Kind : uint8_t { number, start_time, end_time, text, datasets, run_id, runs, nothing };

  Result<void> make_attribute(db::Connection& conn, const Field& field);
  Result<void> list_runs(db::Connection& conn);
  bool fits(std::string_view text) const;
  bool cell_fits(std::string_view cell) const;
  void test_text(std::span<const uint32_t> codes, std::span<uint8_t> passes);
  void test_integers(std::span<const int64_t> cells, std::span<uint8_t> passes) const;
  void test_listed(const RunTable& table, size_t first, std::span<uint8_t> passes) const;

  Kind kind_ = Kind::nothing;
  bool needs_column_ = false;
  ColumnKey column_;
  Comparator comparator_ = Comparator::equal;
  double number_ = 0;
  std::optional<int64_t> integer_;  // of start_time and end_time, where it is written as one
  std::string text_;
  std::vector<std::string> texts_;  // sorted
  char dataset_field_ = 'n';
  std::vector<int64_t> run_keys_;  // sorted

  const TextDictionary* dictionary_ = nullptr;
  uint32_t code_ = TextDictionary::kNone;
  std::vector<uint8_t> verdicts_;  // by code: 0 not known yet, 1 fails, 2 passes
};

}  // namespace slipway::store
