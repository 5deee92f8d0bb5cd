#include "train/plots.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/svg.h"

namespace slipway::train {
namespace {

size_t count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

bool is_closed(const std::string& svg) {
  return svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n");
}

TEST(Plots, TicksAreRoundNumbers) {
  EXPECT_EQ(ticks(0, 1, 6), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(ticks(0, 300, 6), (std::vector<double>{0, 50, 100, 150, 200, 250, 300}));
  EXPECT_EQ(ticks(-3, 4, 6), (std::vector<double>{-3, -2, -1, 0, 1, 2, 3, 4}));
  EXPECT_EQ(ticks(5, 5, 6), std::vector<double>{5});
}

TEST(Plots, NumbersAreReadable) {
  EXPECT_EQ(readable(0.6000000000000001), "0.6");
  EXPECT_EQ(readable(1234567, 12), "1,234,567");
  EXPECT_EQ(readable(999), "999");
  EXPECT_EQ(readable(-12000), "-12,000");
  EXPECT_EQ(readable(123456), "123,456");
  EXPECT_EQ(readable(1e-7), "1e-07");
  EXPECT_EQ(readable(NAN), "nan");
}

TEST(Plots, TextIsEscaped) {
  const auto svg = importance_plot("a < b & \"c\"", {{"<script>\n", 1.0}, {"plain", 0.5}});
  EXPECT_TRUE(is_closed(svg));
  EXPECT_EQ(count(svg, "<script>"), 0u);
  EXPECT_NE(svg.find("&lt;script&gt; "), svg.npos);
  EXPECT_NE(svg.find("a &lt; b &amp; &quot;c&quot;"), svg.npos);
}

TEST(Plots, ImportanceShowsTheLargestFirst) {
  std::vector<std::pair<std::string, double>> values;
  for (int i = 0; i < 30; ++i) values.emplace_back("feature_" + std::to_string(i), i);
  const auto svg = importance_plot("importance", values);
  EXPECT_EQ(count(svg, "<rect "), 1 + 20u);  // the background and a bar each
  EXPECT_LT(svg.find("feature_29"), svg.find("feature_28"));
  EXPECT_EQ(svg.find("feature_9<"), svg.npos);
  EXPECT_NE(svg.find("(top 20 of 30)"), svg.npos);
  EXPECT_TRUE(is_closed(importance_plot("none", {})));
}

TEST(Plots, LongNamesAreCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 50; ++i) name += "ü";
  const auto svg = importance_plot("importance", {{name, 1}});
  std::string expected;
  for (int i = 0; i < 40; ++i) expected += "ü";
  EXPECT_NE(svg.find(expected + "…<"), svg.npos);
}

TEST(Plots, CurvesAreDrawnFromCornerToCorner) {
  const auto svg = roc_plot("ROC", {{"validation", {{0, 0, 1}, {0.25, 1, 0.5}, {1, 1, 0}}, 0.875}});
  EXPECT_TRUE(is_closed(svg));
  EXPECT_NE(svg.find("points=\"72,472 187,52 532,52\""), svg.npos);
  EXPECT_NE(svg.find("validation (AUC 0.8750)"), svg.npos);
}

TEST(Plots, HistoriesSkipWhatIsNoNumber) {
  const auto svg = history_plot("loss", "Log loss", {{"train", {0.6, NAN, 0.4}}, {"other", {}}}, 3);
  EXPECT_TRUE(is_closed(svg));
  EXPECT_EQ(count(svg, "nan"), 0u);
  EXPECT_EQ(count(svg, "inf"), 0u);
  EXPECT_NE(svg.find("best round 3"), svg.npos);
  EXPECT_TRUE(is_closed(history_plot("empty", "y", {})));
}

TEST(Plots, ConfusionShowsCountsAndShares) {
  const auto svg = confusion_plot("confusion", {40000, 1234, 500, 1500});
  EXPECT_NE(svg.find(">40,000<"), svg.npos);
  EXPECT_NE(svg.find(">75.0 %<"), svg.npos);
}

}  // namespace
}  // namespace slipway::train
