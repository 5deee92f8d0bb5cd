// store/rows.h — the rows that many resources have: tags and params of one owner, or of a page.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "store/values.h"

namespace slipway::store {

/// Read (key, value) rows of `sql`, whose only `?` is the owner's key, into Tags or Params.
template <typename Pair>
Result<std::vector<Pair>> read_pairs(db::Connection& conn, std::string_view sql, int64_t owner) {
  std::vector<Pair> out;
  TRY(conn.for_each(
      sql, [&](const db::Row& row) { out.push_back({row.text(0), row.text(1)}); }, owner));
  return out;
}

/// The places of a page's items by their integer key, and the keys as a JSON list for
/// `IN (SELECT value FROM json_each(?))`: one statement then reads a table for the whole page.
class PageKeys {
 public:
  explicit PageKeys(const std::vector<int64_t>& keys) {
    list_ = "[";
    for (size_t place = 0; place < keys.size(); ++place) {
      if (place > 0) list_ += ",";
      list_ += std::to_string(keys[place]);
      places_.emplace(keys[place], place);
    }
    list_ += "]";
  }
  const std::string& list() const { return list_; }
  size_t place(int64_t key) const { return places_.at(key); }

 private:
  std::string list_;
  std::unordered_map<int64_t, size_t> places_;
};

}  // namespace slipway::store
