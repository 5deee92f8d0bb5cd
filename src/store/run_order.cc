#include "store/run_order.h"

#include <bit>

#include "store/run_rows.h"
#include "store/run_search_fields.h"

namespace slipway::store {
namespace {

using State = SortCell::State;

constexpr uint64_t kTopBit = uint64_t{1} << 63;

/// Bits that sort as the numbers do.
uint64_t bits_of(double number) {
  const auto bits = std::bit_cast<uint64_t>(number == 0 ? 0.0 : number);  // -0 equals 0
  return (bits & kTopBit) != 0 ? ~bits : bits | kTopBit;
}

uint64_t bits_of(int64_t integer) { return static_cast<uint64_t>(integer) ^ kTopBit; }

template <typename T>
int three_way(const T& a, const T& b) {
  if (a < b) return -1;
  return b < a ? 1 : 0;
}

}  // namespace

Result<RunOrder> RunOrder::make(db::Connection& conn, const std::vector<Ordering>& orderings) {
  RunOrder order;
  for (const Ordering& ordering : orderings) {
    Key& key = order.keys_.emplace_back();
    key.direction = ordering.direction;
    const Entity entity = TRY(entity_of(ordering.identifier.entity, kRunEntities));
    if (entity == Entity::attribute) {
      const Field* const field = TRY(find_field(kRunFields, ordering.identifier.key));
      const AttributePlace place = attribute_place(*field);
      key.column = {place.kind};
      key.source = place.kind == ColumnKind::end_time ? Source::end_time : Source::text;
      if (place.in == AttributePlace::In::start_times) key.source = Source::start_time;
      if (place.in == AttributePlace::In::run_ids) key.source = Source::run_id;
    } else {
      const int64_t name_id = TRY(find_name(conn, ordering.identifier.key));
      key.column = {column_kind(entity), name_id};
      key.source = entity == Entity::metric ? Source::number : Source::text;
      if (name_id < 0) key.source = Source::nothing;
    }
  }
  order.keys_.push_back({Source::start_time, {}, Direction::descending, nullptr, {}});
  order.keys_.push_back({Source::run_id, {}, Direction::ascending, nullptr, {}});
  return order;
}

SortKind RunOrder::kind_of(Source source) {
  switch (source) {
    case Source::number:
    case Source::nothing: return SortKind::number;
    case Source::end_time:
    case Source::start_time: return SortKind::integer;
    case Source::text:
    case Source::run_id: return SortKind::text;
  }
  return SortKind::number;
}

std::vector<SortKind> RunOrder::kinds() const {
  std::vector<SortKind> kinds;
  for (const Key& key : keys_) kinds.push_back(kind_of(key.source));
  return kinds;
}

std::vector<ColumnKey> RunOrder::columns() const {
  std::vector<ColumnKey> columns;
  for (const Key& key : keys_) {
    const bool has_column = key.source == Source::number || key.source == Source::end_time ||
                            key.source == Source::text;
    if (has_column) columns.push_back(key.column);
  }
  return columns;
}

void RunOrder::bind(const std::vector<const RunTable*>& tables, const Dictionaries& dictionaries) {
  tables_ = tables;
  for (Key& key : keys_) {
    key.columns.clear();
    const auto dictionary = dictionaries.find(key.column);
    key.dictionary = dictionary == dictionaries.end() ? nullptr : &dictionary->second;
    for (const RunTable* const table : tables) {
      const auto column = table->columns.find(key.column);
      key.columns.push_back(column == table->columns.end() ? nullptr : &column->second);
    }
  }
}

RunOrder::Cell RunOrder::cell_at(const Key& key, uint32_t table, uint32_t position) const {
  Cell cell;
  switch (key.source) {
    case Source::number:
      cell.number = key.columns[table]->numbers[position];
      if (cell.number != cell.number) {
        cell.state = is_missing(cell.number) ? State::missing : State::nan;
      }
      break;
    case Source::end_time:
      cell.integer = key.columns[table]->integers[position];
      if (cell.integer == kNoTime) cell.state = State::missing;
      break;
    case Source::text: {
      const uint32_t code = key.columns[table]->codes[position];
      if (code == TextDictionary::kNone) {
        cell.state = State::missing;
      } else {
        cell.text = key.dictionary->text(code);
      }
      break;
    }
    case Source::start_time: cell.integer = tables_[table]->start_times_ms[position]; break;
    case Source::run_id: cell.text = tables_[table]->run_ids[position]; break;
    case Source::nothing: cell.state = State::missing; break;
  }
  return cell;
}

uint64_t RunOrder::rank_of(const Key& key, const Cell& cell) {
  if (cell.state == State::missing) return UINT64_MAX;
  if (cell.state == State::nan) return UINT64_MAX - 1;  // no number has as many bits
  uint64_t bits = 0;
  switch (kind_of(key.source)) {
    case SortKind::number: bits = bits_of(cell.number); break;
    case SortKind::integer: bits = bits_of(cell.integer); break;
    case SortKind::text: bits = text_prefix(cell.text); break;
  }
  return key.direction == Direction::ascending ? bits : ~bits;
}

void RunOrder::rank(uint32_t table, std::span<const uint32_t> positions,
                    std::span<uint64_t> out) const {
  const Key& key = keys_.front();
  const uint64_t flip = key.direction == Direction::ascending ? 0 : UINT64_MAX;
  const auto each = [&](const auto& rank_at) {
    for (size_t i = 0; i < positions.size(); ++i) out[i] = rank_at(positions[i]);
  };
  // the frequent ones have loops without a question in them
  switch (key.source) {
    case Source::number: {
      const double* const numbers = key.columns[table]->numbers.data();
      return each([=](uint32_t position) {
        const double number = numbers[position];
        if (number == number) return bits_of(number) ^ flip;
        return is_missing(number) ? UINT64_MAX : UINT64_MAX - 1;
      });
    }
    case Source::start_time: {
      const int64_t* const times_ms = tables_[table]->start_times_ms.data();
      return each([=](uint32_t position) { return bits_of(times_ms[position]) ^ flip; });
    }
    case Source::text: {  // the prefixes lie closer together than the texts
      const uint32_t* const codes = key.columns[table]->codes.data();
      return each([=, dictionary = key.dictionary](uint32_t position) {
        const uint32_t code = codes[position];
        return code == TextDictionary::kNone ? UINT64_MAX : dictionary->prefix(code) ^ flip;
      });
    }
    default:
      return each([&](uint32_t position) { return rank_of(key, cell_at(key, table, position)); });
  }
}

int RunOrder::compare(const Key& key, const Cell& a, const Cell& b) {
  if (a.state != b.state) return a.state < b.state ? -1 : 1;
  if (a.state != State::value) return 0;
  int outcome = 0;
  switch (kind_of(key.source)) {
    case SortKind::number: outcome = three_way(a.number, b.number); break;
    case SortKind::integer: outcome = three_way(a.integer, b.integer); break;
    case SortKind::text: outcome = three_way(a.text, b.text); break;
  }
  return key.direction == Direction::ascending ? outcome : -outcome;
}

bool RunOrder::before_of_equal_rank(const RankedRun& a, const RankedRun& b) const {
  for (const Key& key : keys_) {
    const int outcome =
        compare(key, cell_at(key, a.table, a.position), cell_at(key, b.table, b.position));
    if (outcome != 0) return outcome < 0;
  }
  return false;
}

std::vector<SortCell> RunOrder::cells(const RankedRun& run) const {
  std::vector<SortCell> cells;
  for (const Key& key : keys_) {
    const Cell cell = cell_at(key, run.table, run.position);
    SortCell& out = cells.emplace_back(SortCell{cell.state, 0.0});
    switch (kind_of(key.source)) {
      case SortKind::number: out.value = cell.number; break;
      case SortKind::integer: out.value = cell.integer; break;
      case SortKind::text: out.value = std::string(cell.text); break;
    }
  }
  return cells;
}

RunOrder::Cell RunOrder::cell_of(const SortCell& cell) {
  Cell out;
  out.state = cell.state;
  if (const auto* const number = std::get_if<double>(&cell.value)) out.number = *number;
  if (const auto* const integer = std::get_if<int64_t>(&cell.value)) out.integer = *integer;
  if (const auto* const text = std::get_if<std::string>(&cell.value)) out.text = *text;
  return out;
}

uint64_t RunOrder::rank(const std::vector<SortCell>& cells) const {
  return rank_of(keys_.front(), cell_of(cells.front()));
}

bool RunOrder::before(const std::vector<SortCell>& cells, const RankedRun& run) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    const int outcome =
        compare(keys_[i], cell_of(cells[i]), cell_at(keys_[i], run.table, run.position));
    if (outcome != 0) return outcome < 0;
  }
  return false;
}

}  // namespace slipway::store
