// api/scoring_metrics.h — what served models were asked, for Prometheus.
#pragma once
#include <string_view>

#include "api/exposition.h"
#include "serve/endpoints.h"
#include "serve/splits.h"

namespace slipway::api {

/// Figures of each version of the registered models that are served.
void put_scoring(Exposition& out, const serve::Served& served);

/// Figures of the served models of one serving endpoint, or of all where the name is empty.
void put_split_scoring(Exposition& out, const serve::SplitMap& splits, std::string_view endpoint);

}  // namespace slipway::api
