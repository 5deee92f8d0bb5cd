// store/run_query.h — a search over runs as one SQL statement: where the run index cannot answer.
#pragma once
#include <string>
#include <vector>

#include "db/connection.h"
#include "store/search_page.h"
#include "store/search_sql.h"
#include "store/values.h"

namespace slipway::store {

/// A search under construction: FROM, WHERE and ORDER BY grow together.
///
/// Errors of all   invalid_parameter_value, with MLflow's words: what is searched for is wrong.
class RunQuery {
 public:
  explicit RunQuery(db::Connection& conn) : conn_(conn) {}

  void add_scope(const std::vector<int64_t>& experiment_keys, ViewType view);
  Result<void> add_clause(const Comparison& comparison);
  Result<void> add_ordering(const Ordering& ordering);

  /// Give a page of run keys and the token of the next page.
  Result<Page<int64_t>> page(const PageStart& start, int64_t max_results);

 private:
  /// One part of the order: NULL in `present` sorts last, then NULL in `column`, both ways.
  struct OrderKey {
    std::string column;
    std::string present;  // equal to `column` where that may be NULL only when it is missing
    bool is_nullable = false;
    SortKind kind = SortKind::text;
    Direction direction = Direction::ascending;
  };

  static Sql equal_test(const OrderKey& key, const SortCell& cell);
  static Sql behind_test(const OrderKey& key, const SortCell& cell);
  static Sql after_test(const std::vector<OrderKey>& keys, const std::vector<SortCell>& after);
  Result<void> check_size() const;
  void add_where(const Sql& test);
  Result<void> add_attribute(const Comparison& comparison);
  Result<void> add_presence(Entity entity, const Comparison& comparison);
  Result<void> add_join(Entity entity, const Comparison& comparison);
  Result<void> add_dataset(const Comparison& comparison);
  std::vector<OrderKey> order() const;
  Result<std::vector<SortCell>> sort_cells(int64_t run_key);

  db::Connection& conn_;
  Sql from_;
  Sql where_;
  std::vector<OrderKey> order_;
  OrderedOnce once_;
  int n_tables_ = 0;
};

}  // namespace slipway::store
