#include "store/search_lists.h"

#include <fmt/format.h>

#include <optional>

namespace slipway::store {
namespace {

constexpr size_t kMaxListed = 10'000;
constexpr std::string_view kWhileParsing = "While parsing a list in the query,";

class ListReader {
 public:
  explicit ListReader(std::string_view written) : text_(written) {}

  TextList read() {
    TextList out;
    position_ = 1;  // behind the parenthesis
    while (true) {
      skip_blanks();
      if (at_end()) break;
      const bool is_read =
          text_[position_] == '\'' || text_[position_] == '"' ? read_texts(out) : read_other();
      skip_blanks();
      if (!is_read || (!at_end() && text_[position_] != ',')) {
        return refused({}, "expected a non-empty list of string values, but got ill-formed list.");
      }
      if (!at_end()) position_ += 1;
      if (out.texts.size() > kMaxListed) {
        return refused({}, fmt::format("more than {} values", kMaxListed));
      }
    }
    if (has_other_) {
      return refused(
          std::move(out.texts),
          fmt::format(
              "expected string value, punctuation, or whitespace, but got different type in list: "
              "({}{})",
              elements_, n_elements_ == 1 ? "," : ""));
    }
    if (!out.texts.empty()) return out;
    return refused({}, "expected a non-empty list of string values, but got empty list");
  }

 private:
  static TextList refused(std::vector<std::string> texts, std::string_view why) {
    return {std::move(texts), fmt::format("{} {}", kWhileParsing, why)};
  }

  bool at_end() const { return position_ + 1 >= text_.size(); }

  void skip_blanks() {
    while (!at_end() &&
           std::string_view(" \t\r\n\f\v").find(text_[position_]) != std::string_view::npos) {
      position_ += 1;
    }
  }

  void add_element(std::string_view shown) {
    elements_ += n_elements_ == 0 ? "" : ", ";
    elements_ += shown;
    n_elements_ += 1;
  }

  /// A text and those that follow without a comma.
  bool read_texts(TextList& out) {
    std::string text;
    while (!at_end() && (text_[position_] == '\'' || text_[position_] == '"')) {
      if (!read_text(text)) return false;
      skip_blanks();
    }
    add_element(python_text(text));
    out.texts.push_back(std::move(text));
    return true;
  }

  bool read_text(std::string& out) {
    const char quote = text_[position_++];
    while (!at_end() && text_[position_] != quote) {
      const char c = text_[position_++];
      if (c == '\\' && !at_end()) {
        out += unescaped(text_[position_++]);
      } else {
        out += c;
      }
    }
    if (at_end()) return false;
    position_ += 1;
    return true;
  }

  static std::string unescaped(char c) {
    switch (c) {
      case '\\':
      case '\'':
      case '"': return {c};
      case 'n': return "\n";
      case 't': return "\t";
      case 'r': return "\r";
      default: return {'\\', c};
    }
  }

  /// What is no text, up to the next comma: a number or a word.
  bool read_other() {
    const size_t start = position_;
    while (!at_end() &&
           std::string_view(",'\"() \t\r\n").find(text_[position_]) == std::string_view::npos) {
      position_ += 1;
    }
    has_other_ = true;
    add_element(text_.substr(start, position_ - start));
    return position_ > start;
  }

  std::string_view text_;
  size_t position_ = 0;
  bool has_other_ = false;
  std::string elements_;
  size_t n_elements_ = 0;
};

}  // namespace

TextList read_list(std::string_view written) { return ListReader(written).read(); }

std::string python_text(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + quote;
}

}  // namespace slipway::store
