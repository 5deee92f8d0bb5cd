#include "api/exposition.h"

#include <fmt/format.h>

namespace slipway::api {
namespace {

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out += out.back() == '{' ? "" : ",";
  out += name;
  out += "=\"";
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  out += '"';
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view kind, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

void Exposition::sample(Labels labels, double value) { line("", labels, "", value); }

void Exposition::histogram(Labels labels, const Histogram::Counts& counts) {
  uint64_t n = 0;
  for (size_t i = 0; i <= counts.n_bounds; ++i) {
    n += counts.of_class[i];
    const auto bound = i < counts.n_bounds ? fmt::format("{}", counts.bounds[i]) : "+Inf";
    line("_bucket", labels, bound, static_cast<double>(n));
  }
  line("_sum", labels, "", counts.sum);
  line("_count", labels, "", static_cast<double>(n));
}

void Exposition::line(std::string_view suffix, Labels labels, std::string_view bound,
                      double value) {
  text_ += name_;
  text_ += suffix;
  if (labels.size() > 0 || !bound.empty()) {
    text_ += '{';
    for (const auto& [name, text] : labels) append_label(text_, name, text);
    if (!bound.empty()) append_label(text_, "le", bound);
    text_ += '}';
  }
  text_ += fmt::format(" {}\n", value);
}

}  // namespace slipway::api
