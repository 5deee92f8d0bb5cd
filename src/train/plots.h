// train/plots.h — the pictures that are logged with a run, as SVG.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "train/metrics.h"

namespace slipway::train {

/// A picture as an artifact.
struct Plot {
  std::string file_name;  // "roc_curve.svg"
  std::string svg;
};

/// A ROC curve of one part of the data.
struct RocSeries {
  std::string name;  // "validation"
  std::vector<CurvePoint> points;
  double auc = 0;
};

/// Draw ROC curves with their areas over the diagonal of chance; at most five.
std::string roc_plot(std::string_view title, const std::vector<RocSeries>& series);

/// Draw the largest values as horizontal bars, the largest on top.
///
/// values   share of each feature, any order; names are cut at 40 characters.
std::string importance_plot(std::string_view title,
                            std::vector<std::pair<std::string, double>> values,
                            size_t max_bars = 20);

/// Draw counts and the share of each true class, 2 × 2.
std::string confusion_plot(std::string_view title, const Confusion& confusion);

/// One line of a history: the metric after round 1, 2, … ; NaN leaves a gap at the ends.
struct HistorySeries {
  std::string name;
  std::vector<double> values;
};

/// Draw a metric by round; at most five lines.
///
/// best_round   marked where > 0, counted from 1.
std::string history_plot(std::string_view title, std::string_view y_label,
                         const std::vector<HistorySeries>& series, size_t best_round = 0);

}  // namespace slipway::train
