// CatBoost's .cbm file: a FlatBuffers document of trees, then one of each table of counts.
#include <algorithm>
#include <cmath>

#include "models/catboost/flat.h"
#include "models/catboost/parts.h"

namespace slipway::models::catboost {
namespace {

Error damaged(std::string_view what) {
  return fail(Code::invalid_parameter_value, "not a CatBoost model, or damaged: {}", what);
}

template <typename T>
std::vector<T> numbers_of(const FlatTable& table, size_t field) {
  const auto found = table.vector(field, sizeof(T));
  std::vector<T> out(found.size);
  for (size_t i = 0; i < out.size(); ++i) out[i] = table.item<T>(found, i);
  return out;
}

Result<size_t> size_from(int32_t value, std::string_view what) {
  if (value < 0) return damaged(what);
  return static_cast<size_t>(value);
}

Result<std::vector<float>> borders_of(const FlatTable& table, size_t field) {
  auto out = numbers_of<float>(table, field);
  const bool fits = std::ranges::none_of(out, [](float x) { return std::isnan(x); }) &&
                    std::ranges::is_sorted(out);
  if (!fits) return damaged("borders do not ascend");
  return out;
}

Result<void> read_floats(const FlatTable& trees, Parts& out) {
  const auto features = trees.vector(5, 4);
  for (size_t i = 0; i < features.size; ++i) {
    const auto one = trees.table_in(features, i);
    FloatFeature feature;
    feature.index = TRY(size_from(one.value<int32_t>(1, -1), "a feature's index"));
    feature.column = TRY(size_from(one.value<int32_t>(2, -1), "a feature's index"));
    feature.borders = TRY(borders_of(one, 3));
    feature.name = one.text(4);
    feature.nan_is_greatest = one.value<int8_t>(5) == 2;
    for (size_t k = 0; k < feature.borders.size(); ++k) {
      out.splits.push_back({Split::Kind::number, i, k});
    }
    out.floats.push_back(std::move(feature));
  }
  return {};
}

Result<void> read_categories(const FlatTable& trees, Parts& out) {
  const auto features = trees.vector(4, 4);
  for (size_t i = 0; i < features.size; ++i) {
    const auto one = trees.table_in(features, i);
    CategoryFeature feature;
    feature.index = TRY(size_from(one.value<int32_t>(0, -1), "a feature's index"));
    feature.column = TRY(size_from(one.value<int32_t>(1, -1), "a feature's index"));
    feature.name = one.text(2);
    out.categories.push_back(std::move(feature));
  }
  const auto one_hots = trees.vector(6, 4);
  for (size_t i = 0; i < one_hots.size; ++i) {
    const auto one = trees.table_in(one_hots, i);
    OneHot values;
    values.category = TRY(size_from(one.value<int32_t>(0, -1), "a category's index"));
    values.values = numbers_of<int32_t>(one, 1);
    for (size_t k = 0; k < values.values.size(); ++k) {
      out.splits.push_back({Split::Kind::category, i, k});
    }
    out.one_hots.push_back(std::move(values));
  }
  return {};
}

struct PairedSplit {
  int32_t index;
  uint32_t bits;
};

Result<CtrKey> key_of(const std::optional<FlatTable>& base) {
  if (!base || !base->table(0)) return damaged("a counted feature has no key");
  const auto combined = *base->table(0);
  Combination out;
  for (const auto index : numbers_of<int32_t>(combined, 0)) {
    const auto category = TRY(size_from(index, "a category's index"));
    out.categories.push_back(category);
  }
  const auto floats = combined.vector(1, sizeof(PairedSplit));
  for (size_t i = 0; i < floats.size; ++i) {
    const auto split = combined.item<PairedSplit>(floats, i);
    const auto feature = TRY(size_from(split.index, "a feature's index"));
    float border = 0;
    std::memcpy(&border, &split.bits, sizeof border);
    if (std::isnan(border)) return damaged("a border is NaN");
    out.floats.emplace_back(feature, border);
  }
  const auto one_hots = combined.vector(2, sizeof(PairedSplit));
  for (size_t i = 0; i < one_hots.size; ++i) {
    const auto split = combined.item<PairedSplit>(one_hots, i);
    const auto category = TRY(size_from(split.index, "a category's index"));
    out.one_hots.emplace_back(category, static_cast<int32_t>(split.bits));
  }
  const auto kind = base->value<int8_t>(1);
  if (kind < 0 || kind > 5) return damaged("an unknown kind of counted feature");
  return CtrKey(std::move(out), static_cast<CtrKind>(kind), base->value<int32_t>(2));
}

Result<void> read_ctrs(const FlatTable& trees, Parts& out) {
  const auto features = trees.vector(7, 4);
  for (size_t i = 0; i < features.size; ++i) {
    const auto one = trees.table_in(features, i);
    const auto base = one.table(0);
    if (!base) return damaged("a counted feature has no key");
    Ctr ctr;
    ctr.key = TRY(key_of(base->table(0)));
    ctr.target_border = TRY(size_from(base->value<int32_t>(1), "a target's border"));
    ctr.prior = base->value<float>(2, 0);
    ctr.prior_weight = base->value<float>(3, 1);
    ctr.shift = base->value<float>(4, 0);
    ctr.scale = base->value<float>(5, 1);
    ctr.borders = TRY(borders_of(one, 1));
    for (size_t k = 0; k < ctr.borders.size(); ++k) {
      out.splits.push_back({Split::Kind::counted, i, k});
    }
    out.ctrs.push_back(std::move(ctr));
  }
  return {};
}

Result<void> read_trees(const FlatTable& trees, Parts& out) {
  const auto n_outputs = trees.value<int32_t>(0);
  if (n_outputs < 1 || n_outputs > 100'000) return damaged("its number of outputs");
  out.n_outputs = static_cast<size_t>(n_outputs);
  for (const size_t field : {12u, 13u, 18u}) {
    if (trees.vector(field, 4).size != 0) {
      return fail(Code::not_implemented, "CatBoost features of texts and embeddings are not read");
    }
  }
  TRY(read_floats(trees, out));
  TRY(read_categories(trees, out));
  TRY(read_ctrs(trees, out));
  out.tree_splits = numbers_of<int32_t>(trees, 1);
  out.tree_sizes = numbers_of<int32_t>(trees, 2);
  out.leaves = numbers_of<double>(trees, 8);
  out.step_leaves = numbers_of<uint32_t>(trees, 11);
  const auto steps = trees.vector(10, sizeof(StepNode));
  for (size_t i = 0; i < steps.size; ++i) out.steps.push_back(trees.item<StepNode>(steps, i));
  out.scale = trees.value<double>(14, 1);
  out.biases = numbers_of<double>(trees, 16);
  if (out.biases.empty()) out.biases.assign(out.n_outputs, trees.value<double>(15, 0));
  if (out.biases.size() != out.n_outputs) return damaged("as many biases as outputs are wanted");
  return {};
}

// Buckets of a hash (8 bytes) and a place (4 bytes); those of no hash are empty.
Result<CtrTable> read_table(const FlatTable& table, CtrKind kind) {
  constexpr size_t kBucket = 12;
  constexpr uint64_t kEmpty = ~uint64_t{0};
  CtrTable out;
  out.denominator = table.value<int32_t>(3);
  const bool is_mean = kind == CtrKind::binarized_mean || kind == CtrKind::float_mean;
  const bool is_count = kind == CtrKind::counter || kind == CtrKind::frequency;
  const auto n_classes = TRY(size_from(table.value<int32_t>(4), "a number of classes"));
  out.n_classes = is_count ? 1 : std::max<size_t>(n_classes, 2);
  const auto blob = table.bytes(2);
  if (is_mean) {
    out.means.resize(blob.size() / 8);
    for (size_t i = 0; i < out.means.size(); ++i) {
      std::memcpy(&out.means[i].first, blob.data() + 8 * i, 4);
      std::memcpy(&out.means[i].second, blob.data() + 8 * i + 4, 4);
    }
  } else {
    out.counts.resize(blob.size() / 4);
    if (!blob.empty()) std::memcpy(out.counts.data(), blob.data(), out.counts.size() * 4);
  }
  const size_t n_places = is_mean ? out.means.size() : out.counts.size() / out.n_classes;
  const auto buckets = table.bytes(1);
  for (size_t at = 0; at + kBucket <= buckets.size(); at += kBucket) {
    uint64_t hash = 0;
    uint32_t place = 0;
    std::memcpy(&hash, buckets.data() + at, sizeof hash);
    std::memcpy(&place, buckets.data() + at + 8, sizeof place);
    if (hash == kEmpty) continue;
    if (place >= n_places) return damaged("a hash leads outside of its table");
    out.places.emplace(hash, place);
  }
  return out;
}

struct Sized {
  std::string_view bytes;

  Result<std::string_view> next() {
    uint32_t size = 0;
    if (bytes.size() < sizeof size) return damaged("cut off");
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (bytes.size() < size) return damaged("cut off");
    const auto out = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return out;
  }
};

Result<void> read_tables(std::string_view bytes, Parts& out) {
  uint32_t n = 0;
  if (bytes.size() < sizeof n) return damaged("its tables of counts are missing");
  std::memcpy(&n, bytes.data(), sizeof n);
  Sized rest{bytes.substr(sizeof n)};
  for (uint32_t i = 0; i < n; ++i) {
    const auto document = TRY(rest.next());
    Flat flat(document);
    const auto table = FlatTable::root(flat);
    auto key = TRY(key_of(table.table(0)));
    auto made = TRY(read_table(table, std::get<CtrKind>(key)));
    if (flat.is_bad()) return damaged("an offset in a table of counts leads outside");
    out.tables.emplace(std::move(key), std::make_shared<const CtrTable>(std::move(made)));
  }
  return {};
}

}  // namespace

Result<Parts> read_binary(std::string_view bytes) {
  if (!bytes.starts_with("CBM1")) return damaged("it does not begin with CBM1");
  Sized rest{bytes.substr(4)};
  const auto document = TRY(rest.next());
  Flat flat(document);
  const auto root = FlatTable::root(flat);
  const auto trees = root.table(1);
  if (!trees) return damaged("it has no trees");
  Parts out;
  TRY(read_trees(*trees, out));
  const auto information = root.vector(2, 4);
  for (size_t i = 0; i < information.size; ++i) {
    const auto pair = root.table_in(information, i);
    out.information.emplace(pair.text(0), pair.text(1));
  }
  const auto pieces = root.vector(3, 4);
  for (size_t i = 0; i < pieces.size; ++i) {
    const auto name = root.text_in(pieces, i);
    if (name != "static_provider_v1" || i > 0) {
      return fail(Code::not_implemented, "CatBoost's piece '{}' is not read", name);
    }
    TRY(read_tables(rest.bytes, out));
  }
  if (flat.is_bad()) return damaged("an offset leads outside");
  return out;
}

}  // namespace slipway::models::catboost
