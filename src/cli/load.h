// cli/load.h — the same request again and again from several clients: how many a second, how long.
#pragma once
#include "base/result.h"
#include "http/client.h"

namespace slipway::cli {

struct LoadReport {
  size_t n_requests = 0;
  size_t n_failed = 0;  // no answer, or another status than 200
  double seconds = 0;
  double p50_ms = 0;
  double p99_ms = 0;

  double requests_per_s() const { return static_cast<double>(n_requests) / seconds; }
};

/// Send `request` from `n_clients` threads, a kept connection each, one after the other, until
/// `seconds` are over.
/// Errors   as the first client's, where none got an answer.
Result<LoadReport> run_load(const http::Url& url, const http::Request& request, int n_clients,
                            double seconds);

}  // namespace slipway::cli
