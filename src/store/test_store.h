// store/test_store.h — for tests: a real store in a folder that goes with it, and short calls.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/id.h"
#include "store/experiments.h"
#include "store/metrics.h"
#include "store/runs.h"
#include "store/store.h"

namespace slipway::store {

/// Its tests run over SQLite, and over PostgreSQL where $SLIPWAY_TEST_POSTGRES names a server
/// (tests/database/postgres_test.py starts one), each in a schema of its own.
class StoreTest : public testing::Test {
 protected:
  const std::filesystem::path& folder() const { return folder_.path(); }
  Store& store() { return *store_; }
  void close() { store_.reset(); }
  /// What Store::open takes for the same database again.
  const std::string& database() const { return database_; }

  /// Run a write or a read that must succeed, and give its value.
  template <typename Closure>
  auto write(Closure&& closure) {
    auto outcome = store_->write(std::forward<Closure>(closure));
    if (!outcome.ok()) ADD_FAILURE() << outcome.error().message;
    return std::move(outcome).value();
  }
  template <typename Closure>
  auto read(Closure&& closure) {
    auto outcome = store_->read(std::forward<Closure>(closure));
    if (!outcome.ok()) ADD_FAILURE() << outcome.error().message;
    return std::move(outcome).value();
  }
  /// Run a write or a read that must fail, and give its error.
  template <typename Closure>
  Error write_error(Closure&& closure) {
    auto outcome = store_->write(std::forward<Closure>(closure));
    if (outcome.ok()) ADD_FAILURE() << "succeeded";
    return outcome.ok() ? Error{} : outcome.error();
  }
  template <typename Closure>
  Error read_error(Closure&& closure) {
    auto outcome = store_->read(std::forward<Closure>(closure));
    if (outcome.ok()) ADD_FAILURE() << "succeeded";
    return outcome.ok() ? Error{} : outcome.error();
  }

  std::string new_experiment(const std::string& name) {
    return write([&](db::Connection& c) { return create_experiment(c, name, "", {}); });
  }
  std::string new_run(const std::string& experiment_id = "0", int64_t start_time_ms = 0) {
    NewRun request;
    request.experiment_id = experiment_id;
    request.start_time_ms = start_time_ms;
    return write([&](db::Connection& c) { return create_run(c, request); }).info.run_id;
  }
  store::Run run(const std::string& run_id) {
    return read([&](db::Connection& c) { return get_run(c, run_id); });
  }
  void log(const std::string& run_id, const std::vector<Metric>& metrics,
           const std::vector<Param>& params = {}, const std::vector<Tag>& tags = {}) {
    const auto outcome = store_->write(
        [&](db::Connection& c) { return log_batch(c, run_id, metrics, params, tags); });
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  }

  /// Give the points that `query(connection, sink)` gives, of all runs one after the other.
  template <typename Query>
  std::vector<MetricPoint> points_of(Query&& query) {
    std::vector<MetricPoint> out;
    read([&](db::Connection& c) {
      return query(c, [&](std::string_view, std::span<const MetricPoint> points) -> Result<void> {
        out.insert(out.end(), points.begin(), points.end());
        return {};
      });
    });
    return out;
  }
  std::vector<MetricPoint> history_of(const std::string& run_id, const std::string& key) {
    return points_of([&](db::Connection& c, const PointSink& sink) {
      return metric_history(c, run_id, key, std::nullopt, "", sink);
    });
  }

  static Metric point(const std::string& key, double value, int64_t timestamp_ms = 0,
                      int64_t step = 0) {
    Metric metric;
    metric.key = key;
    metric.value = value;
    metric.timestamp_ms = timestamp_ms;
    metric.step = step;
    return metric;
  }

 private:
  /// In memory where that can be had: the tests are of our code, not of the disk.
  static TemporaryFolder make_folder() {
    const std::filesystem::path memory = "/dev/shm";
    const bool has_memory = std::filesystem::is_directory(memory);
    return std::move(TemporaryFolder::make(has_memory ? memory : "")).value();
  }

  static std::string make_database() {
    const char* const server = std::getenv("SLIPWAY_TEST_POSTGRES");
    if (server == nullptr) return "";
    const std::string schema = "test_" + random_hex(8);
    const db::Address address = db::Address::server(server).value();
    auto connection = db::Connection::open(address, db::Access::read_write);
    check(connection.ok() && connection->script("CREATE SCHEMA " + schema).ok(), "a schema");
    return std::string(server) + "?options=-csearch_path%3D" + schema;
  }

  TemporaryFolder folder_ = make_folder();
  std::string database_ = make_database();
  std::unique_ptr<Store> store_ = std::move(Store::open(folder_.path(), database_)).value();
};

}  // namespace slipway::store
