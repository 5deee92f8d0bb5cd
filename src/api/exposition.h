// api/exposition.h — figures as Prometheus reads them: its text format, version 0.0.4.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/histogram.h"

namespace slipway::api {

/// Writes families of samples. A family is begun once, before its samples.
/// Source   Prometheus, "Exposition formats", text-based format.
class Exposition {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// kind   counter, gauge or histogram.
  void family(std::string_view name, std::string_view kind, std::string_view help);
  void sample(Labels labels, double value);
  void sample(double value) { sample({}, value); }
  void histogram(Labels labels, const Histogram::Counts& counts);

  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, Labels labels, std::string_view bound, double value);

  std::string name_;
  std::string text_;
};

}  // namespace slipway::api
