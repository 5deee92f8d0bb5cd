#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "base/random.h"

namespace slipway::data {
namespace {

using Rows = std::vector<size_t>;

Result<void> check_fractions(const std::vector<Part>& parts) {
  double sum = 0;
  for (const auto& part : parts) {
    if (!(part.fraction > 0)) {
      return fail(Code::invalid_parameter_value, "part '{}' has the fraction {}; accepted: above 0",
                  part.name, part.fraction);
    }
    sum += part.fraction;
  }
  if (std::abs(sum - 1) <= 1e-9) return {};
  return fail(Code::invalid_parameter_value, "the parts' fractions sum to {}; accepted: 1", sum);
}

// How many of `n_rows` rows each part gets: the floor of its share, and what is left to those
// with the largest remainders, the earlier part first where they are equal.
std::vector<size_t> sizes(size_t n_rows, const std::vector<Part>& parts) {
  std::vector<size_t> out;
  std::vector<int64_t> remainders;  // in units of 1e-9, so that equal ones compare as equal
  size_t n_given = 0;
  for (const auto& part : parts) {
    // a share such as 0.6 * 5 = 3.0000000000000004 or 0.2 * 15 = 3 less one bit is meant whole
    const double share = part.fraction * static_cast<double>(n_rows);
    const double whole = std::floor(share + 1e-9);
    out.push_back(static_cast<size_t>(whole));
    remainders.push_back(std::llround((share - whole) * 1e9));
    n_given += out.back();
  }
  std::vector<size_t> order(parts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(
      order, [&](size_t a, size_t b) { return remainders[a] > remainders[b] + 1e-9; });
  for (size_t i = 0; n_given < n_rows; i = (i + 1) % order.size(), ++n_given) ++out[order[i]];
  return out;
}

void deal(Rows rows, const std::vector<Part>& parts, Random& random, std::vector<Rows>& out) {
  random.shuffle(rows);
  auto next = rows.begin();
  const auto counts = sizes(rows.size(), parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto end = next + static_cast<std::ptrdiff_t>(counts[i]);
    out[i].insert(out[i].end(), next, end);
    next = end;
  }
}

// The rows of each class, classes in the order of their texts.
std::map<std::string, Rows> rows_by_class(const Column& classes) {
  std::map<std::string, Rows> out;
  for (size_t row = 0; row < classes.size(); ++row) out[classes.text_at(row)].push_back(row);
  return out;
}

}  // namespace

Result<std::vector<Rows>> stratified_split(const Column& classes, const std::vector<Part>& parts,
                                           uint64_t seed) {
  TRY(check_fractions(parts));
  Random random(seed);
  std::vector<Rows> out(parts.size());
  for (auto& [name, rows] : rows_by_class(classes)) {
    if (rows.size() < parts.size()) {
      return fail(Code::invalid_parameter_value,
                  "class {} of column '{}' has {} rows, fewer than the {} parts; accepted: one row "
                  "a part at least",
                  name, classes.name, rows.size(), parts.size());
    }
    deal(std::move(rows), parts, random, out);
  }
  for (auto& rows : out) std::ranges::sort(rows);
  return out;
}

Result<std::vector<Rows>> random_split(size_t n_rows, const std::vector<Part>& parts,
                                       uint64_t seed) {
  TRY(check_fractions(parts));
  if (n_rows < parts.size()) {
    return fail(Code::invalid_parameter_value, "{} rows cannot be cut into {} parts", n_rows,
                parts.size());
  }
  Random random(seed);
  std::vector<Rows> out(parts.size());
  Rows rows(n_rows);
  std::iota(rows.begin(), rows.end(), size_t{0});
  deal(std::move(rows), parts, random, out);
  for (auto& part : out) std::ranges::sort(part);
  return out;
}

}  // namespace slipway::data
