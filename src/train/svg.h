// train/svg.h — clean SVG text: a chart with axes, grid and legend, and the shapes drawn on it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway::train {

// Colours that people with any kind of colour vision tell apart.
// Source: Okabe and Ito, "Color Universal Design".
inline constexpr std::string_view kPalette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                "#E69F00"};
inline constexpr std::string_view kInk = "#1f2933";
inline constexpr std::string_view kMuted = "#616e7c";
inline constexpr std::string_view kGrid = "#e4e7eb";

enum class Anchor { start, middle, end };

struct TextStyle {
  Anchor anchor = Anchor::start;
  int size = 12;
  std::string_view colour = kInk;
  bool bold = false;
  int turn = 0;  // degrees, about the text's place
};

/// An SVG document under construction; coordinates in pixels from the upper left.
class Svg {
 public:
  Svg(double width, double height, std::string_view title);

  /// Text is escaped; control characters become blanks.
  void text(double x, double y, std::string_view text, const TextStyle& style = {});
  void line(double x1, double y1, double x2, double y2, std::string_view colour, double width = 1,
            std::string_view dashes = "");
  void rectangle(double x, double y, double width, double height, std::string_view colour,
                 std::string_view tip = "");
  void circle(double x, double y, double radius, std::string_view colour,
              std::string_view tip = "");
  /// One open line through x, y pairs.
  void path(const std::vector<std::pair<double, double>>& points, std::string_view colour,
            double width, std::string_view dashes = "");

  /// Close the document and give it.
  std::string finish() &&;

 private:
  std::string out_;
};

/// The values that an axis marks between `low` and `high`: multiples of 1, 2 or 5 × 10ⁿ.
std::vector<double> ticks(double low, double high, int about);

/// Write a number for people: at most `digits` significant digits, no trailing zeros, thousands
/// with commas.
std::string readable(double value, int digits = 4);

/// Two axes with grid, onto which data coordinates are drawn.
struct Axes {
  double left, top, width, height;  // of the plotting area, in pixels
  double x_low, x_high, y_low, y_high;

  double x(double value) const { return left + (value - x_low) / (x_high - x_low) * width; }
  double y(double value) const {
    return top + height - (value - y_low) / (y_high - y_low) * height;
  }
  void draw(Svg& svg, std::string_view x_label, std::string_view y_label) const;
};

struct LegendEntry {
  std::string text;
  std::string_view colour;
  std::string_view dashes = "";
};

/// Draw entries downwards from (x, y), over whatever is there.
void draw_legend(Svg& svg, double x, double y, const std::vector<LegendEntry>& entries);

}  // namespace slipway::train
