// store/store.h — the workspace's memory: opens a data folder, runs writes in groups, and reads.
#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "db/connection.h"
#include "db/writer.h"
#include "store/metric_folding.h"
#include "store/secrets.h"

namespace slipway::store {

class RunIndex;

/// All that a server remembers, in `slipway.db` of its data folder or in a PostgreSQL database that
/// several servers share. Safe from any thread.
///
/// The other headers of this room are functions on a db::Connection; call those that change
/// something inside write(), the others inside read():
///   auto run = store.read([&](db::Connection& c) { return store::get_run(c, run_id); });
class Store {
 public:
  /// Open a data folder, and make it where there is none. `database` is a postgresql:// URI; ""
  /// or "embedded" is the one in the folder, and then the folder's lock is held until the end.
  ///
  /// Effect   brings the tables up to date; makes experiment 0, "Default".
  /// Errors   resource_conflict: another process (named) holds the folder; invalid_state: a newer
  ///          Slipway wrote the database; permission_denied, temporarily_unavailable: the folder,
  ///          the disk or the database's server; invalid_parameter_value: no such URI.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& data_dir,
                                             std::string_view database = "");
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Run `closure(connection)`, a Result<T>, as one write: all of it or nothing, durable on return.
  /// It runs on the writer's thread, so it must be short and must not call write() or read().
  template <typename Closure>
  auto write(Closure&& closure) {
    return writer_->submit(std::forward<Closure>(closure));
  }

  /// Run `closure(connection)`, a Result<T>, over one unchanging view of what is committed.
  template <typename Closure>
  auto read(Closure&& closure) -> decltype(closure(std::declval<db::Connection&>())) {
    std::unique_ptr<db::Connection> reader = TRY(take_reader());
    auto outcome = closure(*reader);
    give_back(std::move(reader));
    return outcome;
  }

  /// Fold metrics in the background from now on: a server does, a command's short visit does not.
  void start_folding();

  /// Seal by the newest key what lies readable in the database, or is sealed by an older key; a
  /// server does when it starts. What no key opens is told in the log. Errors as write().
  Result<void> seal_secrets();

  /// The keys of what is sealed: those of $SLIPWAY_SECRETS_KEY, else of the data folder.
  Secrets& secrets() { return *secrets_; }

  /// The columns in memory that searches over runs use.
  RunIndex& run_index() { return *run_index_; }

  const std::filesystem::path& data_dir() const { return data_dir_; }
  const db::Address& database() const { return database_; }

  /// Figures for those who watch over a server; safe from any thread.
  const db::WriterCounts& writer_counts() const { return writer_->counts(); }
  int64_t n_readers() const { return n_readers_; }  // that read now
  /// What the database takes on its disk, as of some seconds ago: a PostgreSQL server looks at all
  /// its files to tell. While it cannot be asked, what it said last.
  uint64_t size_bytes();

 private:
  Store(std::filesystem::path data_dir, db::Address database);
  Result<void> lock_folder();
  Result<std::unique_ptr<db::Connection>> take_reader();
  void give_back(std::unique_ptr<db::Connection> reader);

  std::filesystem::path data_dir_;
  db::Address database_;
  int lock_file_ = -1;
  std::unique_ptr<Secrets> secrets_;
  std::unique_ptr<db::Writer> writer_;
  Guarded<std::vector<std::unique_ptr<db::Connection>>> idle_readers_;
  std::atomic<int64_t> n_readers_ = 0;
  struct Size {
    uint64_t n_bytes = 0;
    std::optional<Stopwatch> asked;  // nothing: never
  };
  Guarded<Size> size_;
  std::unique_ptr<MetricFolder> folder_;
  std::unique_ptr<RunIndex> run_index_;
};

}  // namespace slipway::store
