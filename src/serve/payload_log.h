// serve/payload_log.h — requests and answers kept as Parquet, in a folder for each day.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace slipway::serve {

/// Longer requests and answers are cut off here.
constexpr size_t kMaxPayloadBytes = 1u << 20;

/// One scored request.
struct Payload {
  int64_t time_ms = 0;  // when it came
  std::string model;
  std::string version;
  std::string user;  // "" = nobody in particular
  int status = 200;
  double seconds = 0;
  std::string content_type;
  std::string request;
  std::string response;
};

/// Keeps payloads under FOLDER/date=2026-11-23/part-000001.parquet: a part each few seconds, which
/// are one file, day-NNNNNN.parquet, after the day is over. Days are UTC's. What was not written
/// within `flush_ms` of a crash is lost. Safe from any thread; add() never waits for the disk.
class PayloadLog {
 public:
  struct Options {
    std::filesystem::path folder;
    std::vector<std::string> models;  // kept of these; empty: of all
    int64_t flush_ms = 10'000;
    size_t max_waiting_bytes = 64u << 20;  // beyond, payloads are left out and counted
  };

  /// Make the folder and start; parts of days that are over become one file.
  /// Errors   as errno_error: the folder cannot be made.
  static Result<std::unique_ptr<PayloadLog>> open(Options options);
  ~PayloadLog();
  PayloadLog(const PayloadLog&) = delete;
  PayloadLog& operator=(const PayloadLog&) = delete;

  bool wants(std::string_view model) const;
  void add(Payload payload);

  /// Count what was left out because the disk did not keep up or could not be written.
  uint64_t n_left_out() const;

 private:
  explicit PayloadLog(Options options) : options_(std::move(options)) {}
  void work();
  void write(std::vector<Payload> payloads);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Payload> waiting_;
  size_t waiting_bytes_ = 0;
  uint64_t n_left_out_ = 0;
  bool stopping_ = false;
  std::thread writer_;
};

}  // namespace slipway::serve
