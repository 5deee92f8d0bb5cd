#include "train/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace slipway::train {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

/// Pixels with at most two decimals.
std::string px(double value) {
  auto text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string closed_with(std::string_view tip, std::string_view element) {
  if (tip.empty()) return "/>\n";
  return fmt::format("><title>{}</title></{}>\n", escaped(tip), element);
}

std::string dash_attribute(std::string_view dashes) {
  return dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashes);
}

}  // namespace

Svg::Svg(double width, double height, std::string_view title) {
  out_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\">\n"
      "<title>{2}</title>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      px(width), px(height), escaped(title));
}

void Svg::text(double x, double y, std::string_view text, const TextStyle& style) {
  constexpr std::string_view kAnchors[] = {"start", "middle", "end"};
  fmt::format_to(std::back_inserter(out_), "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"",
                 px(x), px(y), style.size, style.colour);
  if (style.anchor != Anchor::start) {
    fmt::format_to(std::back_inserter(out_), " text-anchor=\"{}\"",
                   kAnchors[static_cast<int>(style.anchor)]);
  }
  if (style.bold) out_ += " font-weight=\"600\"";
  if (style.turn != 0) {
    fmt::format_to(std::back_inserter(out_), " transform=\"rotate({} {} {})\"", style.turn, px(x),
                   px(y));
  }
  out_ += ">" + escaped(text) + "</text>\n";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view colour, double width,
               std::string_view dashes) {
  fmt::format_to(std::back_inserter(out_),
                 "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\" "
                 "stroke-width=\"{}\"{}/>\n",
                 px(x1), px(y1), px(x2), px(y2), colour, px(width), dash_attribute(dashes));
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view colour,
                    std::string_view tip) {
  fmt::format_to(std::back_inserter(out_),
                 "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{}", px(x), px(y),
                 px(width), px(height), colour, closed_with(tip, "rect"));
}

void Svg::circle(double x, double y, double radius, std::string_view colour, std::string_view tip) {
  fmt::format_to(std::back_inserter(out_),
                 "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" stroke=\"#ffffff\" "
                 "stroke-width=\"1.5\"{}",
                 px(x), px(y), px(radius), colour, closed_with(tip, "circle"));
}

void Svg::path(const std::vector<std::pair<double, double>>& points, std::string_view colour,
               double width, std::string_view dashes) {
  out_ += "<polyline points=\"";
  for (const auto& [x, y] : points) out_ += px(x) + "," + px(y) + " ";
  if (!points.empty()) out_.pop_back();
  fmt::format_to(std::back_inserter(out_),
                 "\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" "
                 "stroke-linecap=\"round\"{}/>\n",
                 colour, px(width), dash_attribute(dashes));
}

std::string Svg::finish() && {
  out_ += "</svg>\n";
  return std::move(out_);
}

std::vector<double> ticks(double low, double high, int about) {
  if (!(high > low)) return {low};
  const double rough = (high - low) / about;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double ratio = rough / power;
  const double step = power * (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10);
  std::vector<double> out;
  const double slack = step * 1e-9;
  for (double i = std::ceil((low - slack) / step); i * step <= high + slack; ++i) {
    out.push_back(i == 0 ? 0 : i * step);
  }
  return out;
}

std::string readable(double value, int digits) {
  auto text = fmt::format("{:.{}g}", value, digits);
  if (std::abs(value) < 1e9 && text.find('e') != std::string::npos && std::abs(value) >= 1) {
    text = fmt::format("{:.0f}", value);
  }
  if (text.find('e') != std::string::npos || text.find('n') != std::string::npos) return text;
  const size_t begin = text.front() == '-' ? 1 : 0;
  const size_t point = std::min(text.find('.'), text.size());
  for (size_t i = point; i > begin + 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

void Axes::draw(Svg& svg, std::string_view x_label, std::string_view y_label) const {
  for (const double value : ticks(x_low, x_high, 6)) {
    svg.line(x(value), top, x(value), top + height, kGrid);
    svg.text(x(value), top + height + 18, readable(value),
             {.anchor = Anchor::middle, .colour = kMuted});
  }
  for (const double value : ticks(y_low, y_high, 6)) {
    svg.line(left, y(value), left + width, y(value), kGrid);
    svg.text(left - 8, y(value) + 4, readable(value), {.anchor = Anchor::end, .colour = kMuted});
  }
  svg.line(left, top + height, left + width, top + height, kMuted);
  svg.line(left, top, left, top + height, kMuted);
  svg.text(left + width / 2, top + height + 40, x_label, {.anchor = Anchor::middle, .size = 13});
  svg.text(left - 52, top + height / 2, y_label,
           {.anchor = Anchor::middle, .size = 13, .turn = -90});
}

void draw_legend(Svg& svg, double x, double y, const std::vector<LegendEntry>& entries) {
  size_t longest = 0;
  for (const auto& entry : entries) longest = std::max(longest, entry.text.size());
  svg.rectangle(x, y, 48 + 6.8 * static_cast<double>(longest),
                10 + 20 * static_cast<double>(entries.size()), "#ffffffd9");
  for (size_t i = 0; i < entries.size(); ++i) {
    const double middle = y + 15 + 20 * static_cast<double>(i);
    svg.line(x + 8, middle, x + 32, middle, entries[i].colour, 2.5, entries[i].dashes);
    svg.text(x + 40, middle + 4, entries[i].text);
  }
}

}  // namespace slipway::train
