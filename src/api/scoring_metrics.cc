#include "api/scoring_metrics.h"

#include <string>
#include <utility>

namespace slipway::api {
namespace {

using Count = std::atomic<uint64_t> serve::Usage::*;

constexpr std::pair<std::string_view, Count> kOutcomes[] = {
    {"scored", &serve::Usage::n_scored},
    {"refused", &serve::Usage::n_refused},
    {"failed", &serve::Usage::n_failed},
};

}  // namespace

void put_scoring(Exposition& out, const serve::Served& served) {
  const auto each = [&](const auto& put) {
    for (const auto& [name, versions] : served) {
      for (const auto& version : versions) put(name, std::to_string(version.version), version);
    }
  };
  out.family("slipway_model_ready", "gauge",
             "1 where the version takes requests, 0 where it could not be loaded.");
  each([&](const auto& name, const auto& number, const auto& version) {
    out.sample({{"model", name}, {"version", number}, {"stage", version.stage}},
               version.state == serve::State::ready ? 1 : 0);
  });
  out.family("slipway_model_requests_total", "counter",
             "Scoring requests of a version: scored, refused (4xx) or failed (5xx).");
  each([&](const auto& name, const auto& number, const auto& version) {
    for (const auto& [outcome, count] : kOutcomes) {
      out.sample({{"model", name}, {"version", number}, {"outcome", outcome}},
                 static_cast<double>(((*version.usage).*count).load()));
    }
  });
  out.family("slipway_model_rows_total", "counter", "Rows scored by a version.");
  each([&](const auto& name, const auto& number, const auto& version) {
    out.sample({{"model", name}, {"version", number}},
               static_cast<double>(version.usage->n_rows.load()));
  });
  out.family("slipway_model_requests_in_progress", "gauge", "Requests being scored now.");
  each([&](const auto& name, const auto& number, const auto& version) {
    out.sample({{"model", name}, {"version", number}},
               static_cast<double>(version.usage->n_running.load()));
  });
  out.family("slipway_model_duration_seconds", "histogram",
             "Time from a whole request to its answer, by version.");
  each([&](const auto& name, const auto& number, const auto& version) {
    out.histogram({{"model", name}, {"version", number}}, version.usage->seconds.counts());
  });
}

void put_split_scoring(Exposition& out, const serve::SplitMap& splits, std::string_view endpoint) {
  const auto each = [&](const auto& put) {
    for (const auto& [name, split] : splits) {
      if (!endpoint.empty() && name != endpoint) continue;
      for (const auto& part : split->parts) put(name, part.entity.name, part);
    }
  };
  out.family("slipway_endpoint_traffic_percent", "gauge", "The served model's share of traffic.");
  each([&](const auto& name, const auto& served, const auto& part) {
    out.sample({{"endpoint", name}, {"served_model", served}},
               static_cast<double>(part.percentage));
  });
  out.family("slipway_endpoint_ready", "gauge", "1 where the served model takes requests.");
  each([&](const auto& name, const auto& served, const auto& part) {
    out.sample({{"endpoint", name}, {"served_model", served}}, part.model ? 1 : 0);
  });
  out.family("slipway_endpoint_requests_total", "counter",
             "Scoring requests of a served model: scored, refused (4xx) or failed (5xx).");
  each([&](const auto& name, const auto& served, const auto& part) {
    for (const auto& [outcome, count] : kOutcomes) {
      out.sample({{"endpoint", name}, {"served_model", served}, {"outcome", outcome}},
                 static_cast<double>(((*part.usage).*count).load()));
    }
  });
  out.family("slipway_endpoint_rows_total", "counter", "Rows scored by a served model.");
  each([&](const auto& name, const auto& served, const auto& part) {
    out.sample({{"endpoint", name}, {"served_model", served}},
               static_cast<double>(part.usage->n_rows.load()));
  });
  out.family("slipway_endpoint_duration_seconds", "histogram",
             "Time from a whole request to its answer, by served model.");
  each([&](const auto& name, const auto& served, const auto& part) {
    out.histogram({{"endpoint", name}, {"served_model", served}}, part.usage->seconds.counts());
  });
}

}  // namespace slipway::api
