#include "train/plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "train/svg.h"

namespace slipway::train {
namespace {

constexpr TextStyle kTitle{.size = 16, .bold = true};

std::string_view colour_of(size_t series) { return kPalette[series % std::size(kPalette)]; }

/// Cut at `max` characters without cutting a UTF-8 character apart.
std::string shortened(const std::string& text, size_t max) {
  size_t n_characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && ++n_characters > max) return text.substr(0, i) + "…";
  }
  return text;
}

/// Mix white with blue by `share`.
std::string shade(double share) {
  const auto mix = [&](int full) { return static_cast<int>(255 + (full - 255) * share * 0.85); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(0x00), mix(0x72), mix(0xB2));
}

/// The lowest and highest finite value of all series, with some room round them.
std::pair<double, double> range_of(const std::vector<HistorySeries>& series) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const auto& one : series) {
    for (const double value : one.values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (!(low <= high)) return {0, 1};
  const double room = high > low ? (high - low) * 0.06 : std::max(std::abs(high) * 0.1, 1e-3);
  return {low - room, high + room};
}

}  // namespace

std::string roc_plot(std::string_view title, const std::vector<RocSeries>& series) {
  Svg svg(560, 540, title);
  svg.text(72, 32, title, kTitle);
  const Axes axes{72, 52, 460, 420, 0, 1, 0, 1};
  axes.draw(svg, "False positive rate", "True positive rate");
  svg.line(axes.x(0), axes.y(0), axes.x(1), axes.y(1), kMuted, 1.5, "5 4");
  std::vector<LegendEntry> legend;
  for (size_t i = 0; i < series.size(); ++i) {
    std::vector<std::pair<double, double>> points;
    for (const auto& point : series[i].points)
      points.emplace_back(axes.x(point.x), axes.y(point.y));
    svg.path(points, colour_of(i), 2.5);
    legend.push_back({fmt::format("{} (AUC {:.4f})", series[i].name, series[i].auc), colour_of(i)});
  }
  legend.push_back({"chance (AUC 0.5)", kMuted, "5 4"});
  draw_legend(svg, 300, 452 - 20 * static_cast<double>(legend.size()), legend);
  return std::move(svg).finish();
}

std::string importance_plot(std::string_view title,
                            std::vector<std::pair<std::string, double>> values, size_t max_bars) {
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const size_t n_left_out = values.size() - std::min(values.size(), max_bars);
  values.resize(values.size() - n_left_out);
  constexpr double kRow = 24;
  size_t longest = 4;
  for (auto& [name, value] : values) {
    name = shortened(name, 40);
    longest = std::max(longest, name.size());
  }
  const double left = 28 + 7.0 * static_cast<double>(std::min<size_t>(longest, 42));
  const double height = kRow * static_cast<double>(std::max<size_t>(values.size(), 1));
  const double most = values.empty() || values[0].second <= 0 ? 1 : values[0].second;
  Svg svg(left + 500, height + 116, title);
  svg.text(20, 32, title, kTitle);
  const Axes axes{left, 52, 420, height, 0, most * 1.02, 0, 1};
  for (const double tick : ticks(0, axes.x_high, 6)) {
    svg.line(axes.x(tick), axes.top, axes.x(tick), axes.top + height, kGrid);
    svg.text(axes.x(tick), axes.top + height + 18, readable(tick),
             {.anchor = Anchor::middle, .colour = kMuted});
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const auto& [name, value] = values[i];
    const double y = axes.top + kRow * static_cast<double>(i);
    svg.rectangle(left, y + 4, std::max(axes.x(std::max(value, 0.0)) - left, 1.0), kRow - 8,
                  kPalette[0], fmt::format("{}: {:.5g}", name, value));
    svg.text(left - 8, y + 16, name, {.anchor = Anchor::end});
    svg.text(axes.x(std::max(value, 0.0)) + 6, y + 16, fmt::format("{:.3g}", value),
             {.size = 11, .colour = kMuted});
  }
  svg.line(left, axes.top, left, axes.top + height, kMuted);
  const auto rest =
      n_left_out == 0 ? "" : fmt::format(" (top {} of {})", max_bars, max_bars + n_left_out);
  svg.text(left + 210, axes.top + height + 42, "Share of all importance" + rest,
           {.anchor = Anchor::middle, .size = 13});
  return std::move(svg).finish();
}

std::string confusion_plot(std::string_view title, const Confusion& confusion) {
  constexpr double kLeft = 120, kTop = 92, kCell = 150;
  Svg svg(460, 470, title);
  svg.text(20, 32, title, kTitle);
  svg.text(
      20, 54,
      fmt::format("accuracy {:.4f} · precision {:.4f} · recall {:.4f} · F1 {:.4f}",
                  confusion.accuracy(), confusion.precision(), confusion.recall(), confusion.f1()),
      {.colour = kMuted});
  const size_t counts[2][2] = {{confusion.true_negative, confusion.false_positive},
                               {confusion.false_negative, confusion.true_positive}};
  for (int truth = 0; truth < 2; ++truth) {
    const double whole = static_cast<double>(counts[truth][0] + counts[truth][1]);
    for (int decided = 0; decided < 2; ++decided) {
      const auto count = static_cast<double>(counts[truth][decided]);
      const double share = whole == 0 ? 0 : count / whole;
      const double x = kLeft + kCell * decided, y = kTop + kCell * truth;
      const auto ink = share > 0.75 ? std::string_view("#ffffff") : kInk;
      svg.rectangle(x + 1, y + 1, kCell - 2, kCell - 2, shade(share));
      svg.text(x + kCell / 2, y + kCell / 2, fmt::format("{}", readable(count, 12)),
               {.anchor = Anchor::middle, .size = 20, .colour = ink, .bold = true});
      svg.text(x + kCell / 2, y + kCell / 2 + 22, fmt::format("{:.1f} %", 100 * share),
               {.anchor = Anchor::middle, .size = 13, .colour = ink});
    }
  }
  for (int label = 0; label < 2; ++label) {
    const auto name = fmt::format("{}", label);
    svg.text(kLeft + kCell * (label + 0.5), kTop + 2 * kCell + 20, name,
             {.anchor = Anchor::middle, .size = 13});
    svg.text(kLeft - 12, kTop + kCell * (label + 0.5) + 4, name,
             {.anchor = Anchor::end, .size = 13});
  }
  svg.text(kLeft + kCell, kTop + 2 * kCell + 46, "Predicted",
           {.anchor = Anchor::middle, .size = 13});
  svg.text(kLeft - 52, kTop + kCell, "Label", {.anchor = Anchor::middle, .size = 13, .turn = -90});
  return std::move(svg).finish();
}

std::string history_plot(std::string_view title, std::string_view y_label,
                         const std::vector<HistorySeries>& series, size_t best_round) {
  size_t n_rounds = 1;
  for (const auto& one : series) n_rounds = std::max(n_rounds, one.values.size());
  const auto [low, high] = range_of(series);
  Svg svg(720, 450, title);
  svg.text(80, 32, title, kTitle);
  const Axes axes{80, 52, 610, 330, 0, static_cast<double>(n_rounds), low, high};
  axes.draw(svg, "Round", y_label);
  std::vector<LegendEntry> legend;
  if (best_round > 0) {
    const double x = axes.x(static_cast<double>(best_round));
    svg.line(x, axes.top, x, axes.top + axes.height, kMuted, 1.5, "4 4");
  }
  for (size_t i = 0; i < series.size(); ++i) {
    std::vector<std::pair<double, double>> points;
    for (size_t round = 0; round < series[i].values.size(); ++round) {
      if (!std::isfinite(series[i].values[round])) continue;
      points.emplace_back(axes.x(static_cast<double>(round + 1)), axes.y(series[i].values[round]));
    }
    svg.path(points, colour_of(i), 2.2);
    if (points.size() == 1) svg.circle(points[0].first, points[0].second, 4, colour_of(i));
    legend.push_back({series[i].name, colour_of(i)});
  }
  if (best_round > 0) legend.push_back({fmt::format("best round {}", best_round), kMuted, "4 4"});
  size_t longest = 0;
  for (const auto& entry : legend) longest = std::max(longest, entry.text.size());
  const bool rises = !series.empty() && series[0].values.size() > 1 &&
                     series[0].values.back() > series[0].values.front();
  const double legend_height = 10 + 20 * static_cast<double>(legend.size());
  draw_legend(svg, axes.left + axes.width - 60 - 6.8 * static_cast<double>(longest),
              rises ? axes.top + axes.height - legend_height - 10 : axes.top + 10, legend);
  return std::move(svg).finish();
}

}  // namespace slipway::train
