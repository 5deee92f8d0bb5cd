#include "serve/payload_log.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <system_error>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/payload_files.h"

namespace slipway::serve {
namespace {

constexpr size_t kFlushBytes = 8u << 20;  // before the time is up

std::string day_of(int64_t time_ms) { return utc_text(time_ms).substr(0, 10); }

size_t bytes_of(const Payload& payload) {
  return sizeof(Payload) + payload.request.size() + payload.response.size();
}

}  // namespace

Result<std::unique_ptr<PayloadLog>> PayloadLog::open(Options options) {
  TRY(make_folder(options.folder));
  std::error_code error;  // requests are for the owner's eyes
  std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
  if (error) return errno_error(error.value(), "protect", options.folder);
  std::unique_ptr<PayloadLog> log(new PayloadLog(std::move(options)));
  log->writer_ = std::thread([raw = log.get()] { raw->work(); });
  return log;
}

PayloadLog::~PayloadLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

bool PayloadLog::wants(std::string_view model) const {
  return options_.models.empty() ||
         std::ranges::find(options_.models, model) != options_.models.end();
}

void PayloadLog::add(Payload payload) {
  for (auto* text : {&payload.request, &payload.response}) {
    if (text->size() > kMaxPayloadBytes) text->resize(kMaxPayloadBytes);
  }
  for (char& c : payload.content_type) {  // a header may hold anything
    if (c < ' ' || c > '~') c = '?';
  }
  const size_t n_bytes = bytes_of(payload);
  const std::lock_guard lock(mutex_);
  if (waiting_bytes_ + n_bytes > options_.max_waiting_bytes) {
    ++n_left_out_;
    return;
  }
  waiting_bytes_ += n_bytes;
  waiting_.push_back(std::move(payload));
  if (waiting_bytes_ > kFlushBytes) changed_.notify_all();
}

uint64_t PayloadLog::n_left_out() const {
  const std::lock_guard lock(mutex_);
  return n_left_out_;
}

// Writes what waits; joins a day's parts a minute after the day is over.
void PayloadLog::work() {
  constexpr int64_t kMinuteMs = 60'000;
  std::string joined_before;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_for(lock, std::chrono::milliseconds(options_.flush_ms),
                      [&] { return stopping_ || waiting_bytes_ > kFlushBytes; });
    const bool stopping = stopping_;
    auto payloads = std::move(waiting_);
    waiting_.clear();
    waiting_bytes_ = 0;
    lock.unlock();
    if (!payloads.empty()) write(std::move(payloads));
    const auto today = day_of(now_ms() - kMinuteMs);
    if (!stopping && today != joined_before) {
      join_days_before(options_.folder, today);
      joined_before = today;
    }
    lock.lock();
    if (stopping && waiting_.empty()) return;
  }
}

void PayloadLog::write(std::vector<Payload> payloads) {
  std::map<std::string, std::vector<Payload>> days;
  for (auto& payload : payloads) days[day_of(payload.time_ms)].push_back(std::move(payload));
  for (const auto& [day, some] : days) {
    const auto written = write_part(options_.folder / ("date=" + day), some);
    if (written.ok()) continue;
    log_line(Level::error, "payload log: requests are not kept",
             {{"requests", some.size()}, {"why", written.error().message}});
    const std::lock_guard lock(mutex_);
    n_left_out_ += some.size();
  }
}

}  // namespace slipway::serve
