#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "db/migrations.h"
#include "store/run_index.h"
#include "store/schema.h"
#include "store/webhooks.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxIdleReaders = 32;
constexpr double kSizeKeptSeconds = 15;  // as long as Prometheus' usual pause

Result<void> make_default_experiment(db::Connection& conn) {
  return conn.exec(
      "INSERT INTO experiments (experiment_id, name, artifact_location, creation_time_ms,"
      " last_update_time_ms) VALUES (0, 'Default', 'mlflow-artifacts:/0', ?, ?)"
      " ON CONFLICT DO NOTHING",
      now_ms(), now_ms());
}

std::string holder_of(int lock_file) {
  std::array<char, 32> bytes{};
  const ssize_t n_bytes = ::pread(lock_file, bytes.data(), bytes.size(), 0);
  if (n_bytes <= 0) return "another process";
  const std::string_view text(bytes.data(), static_cast<size_t>(n_bytes));
  return "process " + std::string(trim(text));
}

}  // namespace

Store::Store(std::filesystem::path data_dir, db::Address database)
    : data_dir_(std::move(data_dir)), database_(std::move(database)) {}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& data_dir,
                                           std::string_view database) {
  db::Address address = data_dir / "slipway.db";
  if (!database.empty() && database != "embedded") {
    address = TRY(db::Address::server(database));
  }
  TRY(make_folder(data_dir));
  std::unique_ptr<Store> store(new Store(data_dir, std::move(address)));
  if (!store->database_.is_server()) TRY(store->lock_folder());
  const char* const keys = std::getenv("SLIPWAY_SECRETS_KEY");
  store->secrets_ = TRY(Secrets::open(data_dir, keys == nullptr ? "" : keys));
  auto connection = TRY(db::Connection::open(store->database_, db::Access::read_write));
  TRY(db::migrate(connection, migrations()));
  TRY(make_default_experiment(connection));
  store->run_index_ = std::make_unique<RunIndex>();
  store->writer_ = std::make_unique<db::Writer>(std::move(connection));
  return store;
}

Result<void> Store::seal_secrets() {
  const auto counts =
      TRY(read([&](db::Connection& c) { return count_webhook_secrets(c, *secrets_); }));
  if (counts.n_stale > 0) {
    const bool is_file = !database_.is_server();
    const auto n_resealed = TRY(write([&](db::Connection& c) -> Result<int64_t> {
      // the readable bytes are not to stay in the file's unused places
      if (is_file) TRY(c.script("PRAGMA secure_delete = ON"));
      auto resealed = reseal_webhook_secrets(c, *secrets_);
      if (is_file) TRY(c.script("PRAGMA secure_delete = OFF"));
      return resealed;
    }));
    log(Level::info, "sealed the secrets of {} webhooks", n_resealed);
  }
  if (counts.n_closed == 0) return {};
  log(Level::warning,
      "the secrets of {} webhooks are sealed with keys that this server does not have ({}), so it "
      "leaves what they are to be told to others: give it the secrets.key of the server that "
      "made them, or the same SLIPWAY_SECRETS_KEY",
      counts.n_closed, fmt::join(counts.key_ids, ", "));
  return {};
}

void Store::start_folding() {
  if (folder_ == nullptr) folder_ = std::make_unique<MetricFolder>(*this);
}

Store::~Store() {
  folder_.reset();
  idle_readers_.with([](auto& readers) { readers.clear(); });
  writer_.reset();
  if (lock_file_ >= 0) ::close(lock_file_);  // lets the lock go
}

Result<void> Store::lock_folder() {
  const std::filesystem::path path = data_dir_ / "slipway.lock";
  lock_file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_file_ < 0) return errno_error(errno, "opening", path);
  if (::flock(lock_file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error(errno, "locking", path);
    return fail(Code::resource_conflict,
                "the data folder '{}' is in use by {}: stop that server, or choose another folder",
                data_dir_.string(), holder_of(lock_file_));
  }
  const std::string holder = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock_file_, 0) != 0) return errno_error(errno, "writing", path);
  if (::pwrite(lock_file_, holder.data(), holder.size(), 0) < 0) {
    return errno_error(errno, "writing", path);
  }
  return {};
}

Result<std::unique_ptr<db::Connection>> Store::take_reader() {
  auto reader = idle_readers_.with([](auto& readers) {
    if (readers.empty()) return std::unique_ptr<db::Connection>();
    auto last = std::move(readers.back());
    readers.pop_back();
    return last;
  });
  if (reader == nullptr) {
    auto opened = TRY(db::Connection::open(database_, db::Access::read_only));
    reader = std::make_unique<db::Connection>(std::move(opened));
  }
  TRY(reader->begin(db::Access::read_only));
  n_readers_.fetch_add(1, std::memory_order_relaxed);
  return reader;
}

void Store::give_back(std::unique_ptr<db::Connection> reader) {
  n_readers_.fetch_sub(1, std::memory_order_relaxed);
  if (!reader->end_read().ok()) return;  // a broken one is closed
  idle_readers_.with([&](auto& readers) {
    if (readers.size() < kMaxIdleReaders) readers.push_back(std::move(reader));
  });
}

uint64_t Store::size_bytes() {
  const bool is_due = size_.with([&](Size& size) {
    const double kept_s = database_.is_server() ? kSizeKeptSeconds : 0;
    const bool due = !size.asked || size.asked->seconds() >= kept_s;
    if (due) size.asked.emplace();  // others meanwhile give the old one
    return due;
  });
  if (is_due) {
    const auto found = read([](db::Connection& c) { return c.size_bytes(); });
    if (found.ok()) size_.with([&](Size& size) { size.n_bytes = *found; });
  }
  return size_.with([](const Size& size) { return size.n_bytes; });
}

}  // namespace slipway::store
