#include "cli/load.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace slipway::cli {
namespace {

struct Share {
  std::vector<double> latencies_ms;
  size_t n_failed = 0;
  Error error;
};

void send_until(const http::Url& url, const http::Request& request, const Stopwatch& clock,
                double seconds, Share& share) {
  auto client = http::Client::make(url);
  if (!client.ok()) {
    share.error = client.error();
    return;
  }
  while (clock.seconds() < seconds) {
    const Stopwatch one;
    const auto answer = (*client)->send(request);
    if (answer.ok() && answer->status == 200) {
      share.latencies_ms.push_back(one.seconds() * 1e3);
      continue;
    }
    ++share.n_failed;
    share.error = answer.ok() ? fail(Code::internal_error, "status {}: {}", answer->status,
                                     answer->body.substr(0, 200))
                              : answer.error();
    if (!answer.ok()) return;
  }
}

}  // namespace

Result<LoadReport> run_load(const http::Url& url, const http::Request& request, int n_clients,
                            double seconds) {
  std::vector<Share> shares(static_cast<size_t>(n_clients));
  const Stopwatch clock;
  {
    std::vector<std::jthread> threads;
    for (auto& share : shares) {
      threads.emplace_back([&] { send_until(url, request, clock, seconds, share); });
    }
  }
  LoadReport report;
  report.seconds = clock.seconds();
  std::vector<double> latencies;
  for (const auto& share : shares) {
    latencies.insert(latencies.end(), share.latencies_ms.begin(), share.latencies_ms.end());
    report.n_failed += share.n_failed;
  }
  if (latencies.empty()) return shares.front().error;
  std::ranges::sort(latencies);
  report.n_requests = latencies.size();
  report.p50_ms = latencies[latencies.size() / 2];
  report.p99_ms = latencies[latencies.size() * 99 / 100];
  return report;
}

}  // namespace slipway::cli
