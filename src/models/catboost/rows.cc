#include "models/catboost/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway::models::catboost {
namespace {

constexpr size_t kMost = 255;  // borders of one column of ranks
constexpr size_t kMaxColumns = 1 << 20;

Error odd(std::string_view what) {
  return fail(Code::invalid_parameter_value, "CatBoost model: {}", what);
}

uint64_t combined(uint64_t hash, uint64_t next) {
  constexpr uint64_t kMultiplier = 0x4906ba494954cb65;
  return kMultiplier * (hash + kMultiplier * next);
}

std::vector<std::vector<float>> in_pieces(const std::vector<float>& borders) {
  std::vector<std::vector<float>> out;
  for (size_t at = 0; at < borders.size(); at += kMost) {
    const auto end = std::min(borders.size(), at + kMost);
    out.emplace_back(borders.begin() + static_cast<std::ptrdiff_t>(at),
                     borders.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return out;
}

RankPlace place_in(size_t first_column, size_t border) {
  return {static_cast<uint32_t>(first_column + border / kMost),
          static_cast<uint8_t>(border % kMost + 1)};
}

float without_nan(float x, bool is_greatest) {
  return is_greatest && std::isnan(x) ? std::numeric_limits<float>::infinity() : x;
}

}  // namespace

Result<size_t> Ranking::category_place(const Parts& parts, size_t index) const {
  const auto found = std::ranges::find(parts.categories, index, &CategoryFeature::index);
  if (found == parts.categories.end()) return odd("a category that is not there");
  return static_cast<size_t>(found - parts.categories.begin());
}

Result<void> Ranking::add_ctr(const Parts& parts, const Ctr& ctr) {
  const auto table = parts.tables.find(ctr.key);
  if (table == parts.tables.end()) return odd("a counted feature without its table");
  Counted out;
  const auto& combination = std::get<Combination>(ctr.key);
  for (const auto index : combination.categories) {
    const auto place = TRY(category_place(parts, index));
    out.categories.push_back(place);
  }
  for (const auto& [index, border] : combination.floats) {
    const auto found = std::ranges::find(parts.floats, index, &FloatFeature::index);
    if (found == parts.floats.end()) return odd("a number that is not there");
    out.tests.push_back(
        {static_cast<size_t>(found - parts.floats.begin()), border, found->nan_is_greatest});
  }
  for (const auto& [index, value] : combination.one_hots) {
    const auto place = TRY(category_place(parts, index));
    out.values.push_back({place, static_cast<uint32_t>(value)});
  }
  out.kind = std::get<CtrKind>(ctr.key);
  if (out.kind == CtrKind::buckets && ctr.target_border >= table->second->n_classes) {
    return odd("a target's border that is not there");
  }
  out.target_border = ctr.target_border;
  out.prior = ctr.prior;
  out.prior_weight = ctr.prior_weight;
  out.shift = ctr.shift;
  out.scale = ctr.scale;
  out.table = table->second;
  out.borders = in_pieces(ctr.borders);
  counted_.push_back(std::move(out));
  return {};
}

Result<Ranking> Ranking::make(const Parts& parts) {
  Ranking out;
  std::vector<size_t> first[3];
  for (size_t f = 0; f < parts.floats.size(); ++f) {
    const auto& feature = parts.floats[f];
    out.number_columns_.push_back(feature.column);
    first[0].push_back(out.n_columns_);
    for (auto& piece : in_pieces(feature.borders)) {
      const size_t n = piece.size();
      piece.resize((n + kPadding - 1) / kPadding * kPadding,
                   std::numeric_limits<float>::infinity());
      out.pieces_.push_back({f, std::move(piece), n, feature.nan_is_greatest});
      ++out.n_columns_;
    }
  }
  for (const auto& category : parts.categories) out.category_columns_.push_back(category.column);
  for (const auto& one_hot : parts.one_hots) {
    const auto place = TRY(out.category_place(parts, one_hot.category));
    first[1].push_back(out.n_columns_);
    for (const auto value : one_hot.values) {
      out.values_.push_back({place, static_cast<uint32_t>(value)});
      ++out.n_columns_;
    }
  }
  for (const auto& ctr : parts.ctrs) {
    first[2].push_back(out.n_columns_);
    TRY(out.add_ctr(parts, ctr));
    out.n_columns_ += out.counted_.back().borders.size();
  }
  if (out.n_columns_ > kMaxColumns) return odd("too many features");
  for (const auto& split : parts.splits) {
    const auto begin = first[static_cast<size_t>(split.kind)][split.feature];
    out.places_.push_back(split.kind == Split::Kind::category
                              ? RankPlace{static_cast<uint32_t>(begin + split.value), 1}
                              : place_in(begin, split.value));
  }
  return out;
}

uint64_t Ranking::Counted::hash(const std::vector<float>& numbers,
                                const std::vector<uint32_t>& hashes, size_t row) const {
  uint64_t out = 0;
  for (const auto c : categories) {
    // as a signed number there
    const auto signed_hash = static_cast<int32_t>(hashes[c * kBlock + row]);
    out = combined(out, static_cast<uint64_t>(static_cast<int64_t>(signed_hash)));
  }
  for (const auto& test : tests) {
    const float x = without_nan(numbers[test.feature * kBlock + row], test.nan_is_greatest);
    out = combined(out, x > test.border ? 1 : 0);
  }
  for (const auto& one : values) {
    out = combined(out, hashes[one.feature * kBlock + row] == one.hash ? 1 : 0);
  }
  return out;
}

float Ranking::Counted::value(float good, float total) const {
  const float share = (good + prior) / (total + prior_weight);
  return (share + shift) * scale;
}

float Ranking::Counted::number(uint64_t hash) const {
  const auto found = table->places.find(hash);
  const bool is_count = kind == CtrKind::counter || kind == CtrKind::frequency;
  if (found == table->places.end()) {
    return value(0, is_count ? static_cast<float>(table->denominator) : 0);
  }
  if (kind == CtrKind::binarized_mean || kind == CtrKind::float_mean) {
    const auto& [sum, count] = table->means[found->second];
    return value(sum, static_cast<float>(count));
  }
  const int32_t* counts = table->counts.data() + found->second * table->n_classes;
  if (is_count) {
    return value(static_cast<float>(counts[0]), static_cast<float>(table->denominator));
  }
  int64_t total = 0;
  int64_t above = 0;
  for (size_t k = 0; k < table->n_classes; ++k) {
    total += counts[k];
    if (k > target_border) above += counts[k];
  }
  if (kind == CtrKind::buckets) above = counts[target_border];
  if (kind == CtrKind::borders && table->n_classes == 2) above = counts[1];
  return value(static_cast<float>(above), static_cast<float>(total));
}

void Ranking::rank(const std::vector<float>& numbers, const std::vector<uint32_t>& hashes,
                   uint8_t* ranks) const {
  float values[kBlock];
  for (const auto& piece : pieces_) {
    for (size_t i = 0; i < kBlock; ++i) {
      values[i] = without_nan(numbers[piece.feature * kBlock + i], piece.nan_is_greatest);
    }
    rank_block(values, std::span(piece.borders).first(piece.n_borders), ranks);
    ranks += kBlock;
  }
  for (const auto& one : values_) {
    for (size_t i = 0; i < kBlock; ++i) {
      ranks[i] = hashes[one.feature * kBlock + i] == one.hash ? 1 : 0;
    }
    ranks += kBlock;
  }
  for (const auto& one : counted_) {
    for (size_t i = 0; i < kBlock; ++i) values[i] = one.number(one.hash(numbers, hashes, i));
    for (const auto& borders : one.borders) {
      rank_block(values, borders, ranks);
      ranks += kBlock;
    }
  }
}

void Ranking::rank_one(const float* row, uint8_t* ranks) const {
  for (const auto& piece : pieces_) {
    const float x = without_nan(row[number_columns_[piece.feature]], piece.nan_is_greatest);
    *ranks++ = rank_number(x, piece.borders);
  }
}

}  // namespace slipway::models::catboost
