// store/registry_search.h — what the searches of registered models and of their versions share.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "store/search_sql.h"

namespace slipway::store {

/// One of the two searches. Its statement calls the registered model `g`.
struct RegistrySearch {
  std::string_view select;  // SELECT the key FROM …, without a WHERE
  std::string_view tags;    // the FROM and WHERE of a row's tags, which are called `t`
  Result<Sql> (*attribute_clause)(const Comparison& comparison);
  Result<std::string> (*order)(const std::vector<std::string>& order_by);
  int64_t most;  // results a page
};

/// Find the keys of a page. Prompts are hidden unless the filter names their tag.
/// Errors   invalid_parameter_value: the filter, the ordering, the page token or max_results.
Result<Page<int64_t>> find_in_registry(db::Connection& conn, const RegistrySearch& search,
                                       const SearchRequest& request);

}  // namespace slipway::store
