// api/points_body.h — metric points as JSON: many of them quickly, and any number in little memory.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"
#include "http/message.h"
#include "store/metric_points.h"

namespace slipway::api {

/// Writes `{"metrics": [...], "next_page_token": "..."}`. What grows beyond 16 MiB goes on in an
/// unlinked file, from which the response is sent.
class PointsBody {
 public:
  /// What an answer without points has: nothing, or an empty list.
  enum class WhenEmpty { nothing, list };

  /// spool_folder   where that file is made
  PointsBody(std::filesystem::path spool_folder, std::string_view key,
             WhenEmpty when_empty = WhenEmpty::nothing);
  PointsBody(const PointsBody&) = delete;
  PointsBody& operator=(const PointsBody&) = delete;

  /// Add points; each names its run unless `run_id` is empty.
  /// Errors   temporarily_unavailable: the disk is full.
  Result<void> add(std::string_view run_id, std::span<const store::MetricPoint> points);

  /// Make the response; called once.
  Result<http::Response> finish(std::string_view next_page_token);

 private:
  Result<void> spill();
  bool has_spilled() const { return file_.get() >= 0; }

  std::filesystem::path spool_folder_;
  WhenEmpty when_empty_;
  std::string head_;  // of every point, up to its value
  std::string text_;
  bool any_ = false;
  Descriptor file_;
  uint64_t n_spilled_ = 0;
};

}  // namespace slipway::api
