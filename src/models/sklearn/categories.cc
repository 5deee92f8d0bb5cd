#include "models/sklearn/categories.h"

#include <algorithm>
#include <cmath>

namespace slipway::models::sklearn {

using objects::Kind;

Result<Categories> Categories::make(const objects::Object& values) {
  Categories out;
  if (values.kind == Kind::array && values.array->dtype.kind == 'O') {
    out.size_ = values.array->objects.size();
    for (size_t i = 0; i < out.size_; ++i) {
      const auto& item = *values.array->objects[i];
      const auto number = objects::number_of(item);
      if (item.kind == Kind::text) {
        out.texts_.emplace(item.text, i);
      } else if (number && std::isnan(*number)) {
        if (out.missing_ == kUnknown) out.missing_ = i;
      } else if (number) {
        out.numbers_.emplace(*number, i);
      } else {
        return fail(Code::not_implemented, "a category is {}; texts and numbers are read",
                    objects::describe(item));
      }
    }
    return out;
  }
  const auto labels = TRY(labels_of(values));
  out.size_ = labels.size();
  for (size_t i = 0; i < out.size_; ++i) {
    if (!labels.is_numeric()) {
      out.texts_.emplace(std::string(labels.strings()[i]), i);
      continue;
    }
    const double number = labels.number_at(i);
    if (std::isnan(number)) {
      out.missing_ = i;
    } else {
      out.numbers_.emplace(number, i);
    }
  }
  return out;
}

std::vector<size_t> Categories::places(const data::Column& column) const {
  std::vector<size_t> out(column.size(), kUnknown);
  for (size_t i = 0; i < out.size(); ++i) {
    if (!column.is_valid(i)) {
      out[i] = missing_;
    } else if (column.is_numeric()) {
      const double number = column.number_at(i);
      const auto found = numbers_.find(number);
      out[i] = std::isnan(number) ? missing_ : found == numbers_.end() ? kUnknown : found->second;
    } else {
      const auto found = texts_.find(std::string(column.strings()[i]));
      if (found != texts_.end()) out[i] = found->second;
    }
  }
  return out;
}

Result<CategoryColumns> CategoryColumns::make(const State& state) {
  CategoryColumns out;
  const auto* lists = TRY(state.get("categories_"));
  for (const auto* list : items_of(*lists)) {
    auto categories = TRY(Categories::make(*list));
    out.columns.push_back(std::move(categories));
  }
  TRY(state.require(!out.columns.empty(), "categories_", "is empty"));
  const size_t n = out.columns.size();
  out.groups.resize(n);
  out.rare.assign(n, Categories::kUnknown);
  const auto unknown = state.text_or("handle_unknown", "error");
  out.unknown_is_rare = unknown == "infrequent_if_exist";
  out.unknown_is_error = unknown == "error";
  const bool grouped =
      state.truth_or("_infrequent_enabled", state.truth_or("infrequent_enabled", false));
  if (!grouped || state.given("_infrequent_indices") == nullptr) return out;
  const auto* indices = TRY(state.get("_infrequent_indices"));
  const auto* mappings = TRY(state.get("_default_to_infrequent_mappings"));
  const auto rare = items_of(*indices);
  const auto maps = items_of(*mappings);
  TRY(state.require(rare.size() == n && maps.size() == n, "_infrequent_indices",
                    "does not fit categories_"));
  for (size_t c = 0; c < n; ++c) {
    if (maps[c]->kind == Kind::none || rare[c]->kind == Kind::none) continue;
    out.groups[c] = TRY(integers_of(*maps[c]));
    const auto members = TRY(integers_of(*rare[c]));
    TRY(state.require(!members.empty() && out.groups[c].size() == out.columns[c].size(),
                      "_default_to_infrequent_mappings", "does not fit categories_"));
    for (const auto group : out.groups[c]) {
      TRY(state.require(group >= 0 && group < static_cast<int64_t>(out.columns[c].size()),
                        "_default_to_infrequent_mappings", "leads out of the categories"));
    }
    TRY(state.require(members[0] >= 0 && members[0] < static_cast<int64_t>(out.columns[c].size()),
                      "_infrequent_indices", "leads out of the categories"));
    out.rare[c] = static_cast<size_t>(members[0]);
  }
  return out;
}

size_t CategoryColumns::n_groups(size_t c) const {
  if (groups[c].empty()) return columns[c].size();
  return static_cast<size_t>(*std::ranges::max_element(groups[c])) + 1;
}

Result<std::vector<size_t>> CategoryColumns::places(size_t c, const data::Column& column) const {
  auto out = columns[c].places(column);
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == Categories::kUnknown && unknown_is_error) {
      return fail(Code::invalid_parameter_value,
                  "Found unknown categories ['{}'] in column {} during transform (row {})",
                  column.text_at(i).substr(0, 80), c, i);
    }
    if (out[i] == Categories::kUnknown && unknown_is_rare) out[i] = rare[c];
    if (out[i] != Categories::kUnknown && !groups[c].empty()) {
      out[i] = static_cast<size_t>(groups[c][out[i]]);
    }
  }
  return out;
}

}  // namespace slipway::models::sklearn
