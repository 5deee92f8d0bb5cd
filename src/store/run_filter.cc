#include "store/run_filter.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "store/run_rows.h"
#include "store/run_search_fields.h"

namespace slipway::store {
namespace {

constexpr uint8_t kFails = 1;
constexpr uint8_t kPasses = 2;

struct ComparatorName {
  std::string_view name;
  Comparator comparator;
};

constexpr ComparatorName kComparators[] = {
    {"<", Comparator::less},
    {"<=", Comparator::less_or_equal},
    {"=", Comparator::equal},
    {"!=", Comparator::not_equal},
    {">=", Comparator::greater_or_equal},
    {">", Comparator::greater},
    {"LIKE", Comparator::like},
    {"ILIKE", Comparator::ilike},
    {"IN", Comparator::in},
    {"NOT IN", Comparator::not_in},
    {"IS NULL", Comparator::is_null},
    {"IS NOT NULL", Comparator::is_not_null},
};

Comparator comparator_of(std::string_view name) {
  for (const auto& entry : kComparators) {
    if (entry.name == name) return entry.comparator;
  }
  check(false, "a comparison that became SQL has a known comparator");
  return Comparator::equal;
}

/// The length of the UTF-8 character that begins at `place`.
size_t character_size(std::string_view text, size_t place) {
  size_t end = place + 1;
  while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
  return end - place;
}

/// `passes[i] &= cells[i] OP bound`, with the comparison outside of the loop.
template <typename Cell, typename Bound>
void narrow(std::span<const Cell> cells, Comparator comparator, Bound bound,
            std::span<uint8_t> passes) {
  const auto each = [&](auto test) {
    for (size_t i = 0; i < passes.size(); ++i) passes[i] &= static_cast<uint8_t>(test(cells[i]));
  };
  switch (comparator) {
    case Comparator::less: return each([=](Cell cell) { return Bound(cell) < bound; });
    case Comparator::less_or_equal: return each([=](Cell cell) { return Bound(cell) <= bound; });
    case Comparator::equal: return each([=](Cell cell) { return Bound(cell) == bound; });
    case Comparator::not_equal: return each([=](Cell cell) { return Bound(cell) != bound; });
    case Comparator::greater_or_equal: return each([=](Cell cell) { return Bound(cell) >= bound; });
    case Comparator::greater: return each([=](Cell cell) { return Bound(cell) > bound; });
    default: check(false, "numbers are compared by numbers' comparators");
  }
}

}  // namespace

bool is_like(std::string_view text, std::string_view pattern) {
  size_t at = 0;
  size_t in_pattern = 0;
  size_t after_percent = std::string_view::npos;  // where the last % took hold, to take more
  size_t resume_at = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '%') {
      after_percent = ++in_pattern;
      resume_at = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == '_') {
      at += character_size(text, at);
      ++in_pattern;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
      ++at;
      ++in_pattern;
    } else if (after_percent != std::string_view::npos) {
      resume_at += character_size(text, resume_at);
      at = resume_at;
      in_pattern = after_percent;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '%') ++in_pattern;
  return in_pattern == pattern.size();
}

Result<RunClause> RunClause::make(db::Connection& conn, const Comparison& comparison) {
  RunClause out;
  out.comparator_ = comparator_of(comparison.comparator);
  const Literal& literal = comparison.literal;
  out.text_ = out.comparator_ == Comparator::ilike ? lower(literal.text) : literal.text;
  out.texts_ = literal.texts;
  std::sort(out.texts_.begin(), out.texts_.end());
  out.integer_ = to_integer(literal.written);
  out.number_ = number_of(literal);
  const Entity entity = TRY(entity_of(comparison.identifier.entity, kRunEntities));
  const std::string& key = comparison.identifier.key;
  if (entity == Entity::attribute) {
    const Field* const field = TRY(find_field(kRunFields, key));
    TRY(out.make_attribute(conn, *field));
    return out;
  }
  out.needs_column_ = true;
  if (entity == Entity::dataset) {
    out.kind_ = Kind::datasets;
    out.column_ = {ColumnKind::datasets};
    out.dataset_field_ = key[0];
    return out;
  }
  out.kind_ = entity == Entity::metric ? Kind::number : Kind::text;
  const int64_t name_id = TRY(find_name(conn, key));
  out.column_ = {column_kind(entity), name_id};
  if (name_id >= 0) return out;
  out.kind_ = out.comparator_ == Comparator::is_null ? Kind::text : Kind::nothing;
  out.needs_column_ = false;
  return out;
}

Result<void> RunClause::make_attribute(db::Connection& conn, const Field& field) {
  const AttributePlace place = attribute_place(field);
  switch (place.in) {
    case AttributePlace::In::start_times: kind_ = Kind::start_time; return {};
    case AttributePlace::In::run_ids: {
      const bool lists = comparator_ == Comparator::equal || comparator_ == Comparator::in;
      kind_ = lists ? Kind::runs : Kind::run_id;
      if (lists) return list_runs(conn);
      return {};
    }
    case AttributePlace::In::column: break;
  }
  kind_ = place.kind == ColumnKind::end_time ? Kind::end_time : Kind::text;
  needs_column_ = true;
  column_ = {place.kind};
  return {};
}

/// Ids are found by their index, not by comparing all of them.
Result<void> RunClause::list_runs(db::Connection& conn) {
  if (comparator_ == Comparator::equal) texts_ = {text_};
  for (const std::string& run_id : texts_) {
    const auto key = TRY(conn.integer("SELECT run_key FROM runs WHERE run_id = ?", run_id));
    if (key) run_keys_.push_back(*key);
  }
  std::sort(run_keys_.begin(), run_keys_.end());
  return {};
}

int RunClause::cost() const {
  switch (kind_) {
    case Kind::nothing:
    case Kind::runs: return 0;
    case Kind::number:
    case Kind::start_time:
    case Kind::end_time: return 1;
    case Kind::text:
      return comparator_ == Comparator::like || comparator_ == Comparator::ilike ? 3 : 2;
    case Kind::datasets: return 4;
    case Kind::run_id: return 5;
  }
  return 0;
}

bool RunClause::fits(std::string_view text) const {
  switch (comparator_) {
    case Comparator::equal: return text == text_;
    case Comparator::not_equal: return text != text_;
    case Comparator::like: return is_like(text, text_);
    case Comparator::ilike: return is_like(lower(text), text_);
    case Comparator::in: return std::binary_search(texts_.begin(), texts_.end(), text);
    case Comparator::not_in: return !std::binary_search(texts_.begin(), texts_.end(), text);
    default: return false;
  }
}

bool RunClause::cell_fits(std::string_view cell) const {
  if (kind_ != Kind::datasets) return fits(cell);
  return dataset_matches(cell, dataset_field_, [&](std::string_view text) { return fits(text); });
}

void RunClause::bind(const Dictionaries& dictionaries) {
  if (kind_ != Kind::text && kind_ != Kind::datasets) return;
  static const TextDictionary empty;
  const auto found = dictionaries.find(column_);
  dictionary_ = found == dictionaries.end() ? &empty : &found->second;
  code_ = dictionary_->find(text_);
  verdicts_.assign(dictionary_->n_texts() + 1, 0);
  verdicts_[TextDictionary::kNone] = kFails;
}

void RunClause::test_text(std::span<const uint32_t> codes, std::span<uint8_t> passes) {
  constexpr uint32_t kNone = TextDictionary::kNone;
  if (comparator_ == Comparator::is_null) return narrow(codes, Comparator::equal, kNone, passes);
  if (comparator_ == Comparator::is_not_null) {
    return narrow(codes, Comparator::not_equal, kNone, passes);
  }
  if (kind_ == Kind::text && comparator_ == Comparator::equal) {
    if (code_ == kNone) return std::fill(passes.begin(), passes.end(), uint8_t{0});
    return narrow(codes, Comparator::equal, code_, passes);
  }
  if (kind_ == Kind::text && comparator_ == Comparator::not_equal) {
    narrow(codes, Comparator::not_equal, kNone, passes);
    return narrow(codes, Comparator::not_equal, code_, passes);
  }
  // each distinct text is looked at once, and only where a run passed all before
  for (size_t i = 0; i < passes.size(); ++i) {
    if (passes[i] == 0) continue;
    uint8_t& verdict = verdicts_[codes[i]];
    if (verdict == 0) verdict = cell_fits(dictionary_->text(codes[i])) ? kPasses : kFails;
    passes[i] = verdict == kPasses ? 1 : 0;
  }
}

void RunClause::test_integers(std::span<const int64_t> cells, std::span<uint8_t> passes) const {
  if (kind_ == Kind::end_time) narrow(cells, Comparator::not_equal, kNoTime, passes);
  if (integer_) return narrow(cells, comparator_, *integer_, passes);
  // 64 bits of mantissa: exact
  narrow(cells, comparator_, static_cast<long double>(number_), passes);
}

void RunClause::test_listed(const RunTable& table, size_t first, std::span<uint8_t> passes) const {
  const auto begin = std::lower_bound(run_keys_.begin(), run_keys_.end(), table.run_keys[first]);
  std::vector<uint8_t> listed(passes.size());
  for (auto key = begin; key != run_keys_.end(); ++key) {
    const auto position = table.find(*key);
    if (!position) continue;
    if (*position >= first + passes.size()) break;
    listed[*position - first] = 1;
  }
  for (size_t i = 0; i < passes.size(); ++i) passes[i] &= listed[i];
}

void RunClause::test(const RunTable& table, size_t first, std::span<uint8_t> passes) {
  const Column* const column = needs_column_ ? &table.columns.at(column_) : nullptr;
  switch (kind_) {
    case Kind::number: {
      const auto cells = std::span(column->numbers).subspan(first, passes.size());
      narrow(cells, comparator_, number_, passes);
      if (comparator_ != Comparator::not_equal) return;
      for (size_t i = 0; i < passes.size(); ++i) passes[i] &= is_missing(cells[i]) ? 0 : 1;
      return;
    }
    case Kind::start_time:
      return test_integers(std::span(table.start_times_ms).subspan(first, passes.size()), passes);
    case Kind::end_time:
      return test_integers(std::span(column->integers).subspan(first, passes.size()), passes);
    case Kind::text:
      if (column == nullptr) return;  // IS NULL of a name that no run has
      [[fallthrough]];
    case Kind::datasets:
      return test_text(std::span(column->codes).subspan(first, passes.size()), passes);
    case Kind::run_id:
      for (size_t i = 0; i < passes.size(); ++i) {
        if (passes[i] != 0) passes[i] = fits(table.run_ids[first + i]) ? 1 : 0;
      }
      return;
    case Kind::runs: return test_listed(table, first, passes);
    case Kind::nothing: std::fill(passes.begin(), passes.end(), uint8_t{0});
  }
}

}  // namespace slipway::store
