// Texts to counts of words or of runs of characters, and their weights.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"
#include "models/sklearn/unicode_words.h"

namespace slipway::models::sklearn {
namespace {

enum class Unit { words, characters, characters_within_words };

/// Cuts a text into the terms that are counted.
struct Analyzer {
  Unit unit = Unit::words;
  bool lowers = true;
  size_t shortest_word = 2;
  size_t least = 1;
  size_t most = 1;
  std::unordered_set<std::string> stop_words;

  static Result<Analyzer> make(const State& state);

  template <typename Take>
  void each_term(std::string_view text, Take take) const {
    auto characters = characters_of(text);
    if (lowers) characters = lower_case(characters);
    if (unit == Unit::words) return each_word_run(characters, take);
    const auto spaced = single_blanks(characters);
    if (unit == Unit::characters) return each_run(spaced, take);
    for (size_t at = 0; at < spaced.size(); ++at) {
      size_t end = at;
      while (end < spaced.size() && !is_blank_character(spaced[end])) ++end;
      if (end > at) each_run_of_word(U" " + spaced.substr(at, end - at) + U" ", take);
      at = end;
    }
  }

 private:
  // Two or more blanks become one, as the pattern \s\s+ finds them.
  static std::u32string single_blanks(const std::u32string& text) {
    std::u32string out;
    for (size_t i = 0; i < text.size();) {
      size_t end = i;
      while (end < text.size() && is_blank_character(text[end])) ++end;
      if (end > i + 1) out += U' ';
      if (end == i + 1) out += text[i];
      if (end == i) out += text[end++];
      i = end;
    }
    return out;
  }

  template <typename Take>
  void each_run(const std::u32string& text, Take take) const {
    for (size_t n = least; n <= std::min(most, text.size()); ++n) {
      for (size_t i = 0; i + n <= text.size(); ++i) take(utf8_of(text.substr(i, n)));
    }
  }

  template <typename Take>
  void each_run_of_word(const std::u32string& word, Take take) const {
    for (size_t n = least; n <= most; ++n) {
      if (n >= word.size()) {  // a short word counts once
        take(utf8_of(word));
        return;
      }
      for (size_t i = 0; i + n <= word.size(); ++i) take(utf8_of(word.substr(i, n)));
    }
  }

  template <typename Take>
  void each_word_run(const std::u32string& text, Take take) const {
    std::vector<std::string> words;
    for (size_t i = 0; i < text.size();) {
      size_t end = i;
      while (end < text.size() && is_word_character(text[end])) ++end;
      if (end - i >= shortest_word) {
        auto word = utf8_of(text.substr(i, end - i));
        if (!stop_words.contains(word)) words.push_back(std::move(word));
      }
      i = std::max(end, i + 1);
    }
    for (size_t n = least; n <= std::min(most, words.size()); ++n) {
      for (size_t i = 0; i + n <= words.size(); ++i) {
        std::string term = words[i];
        for (size_t k = 1; k < n; ++k) term += " " + words[i + k];
        take(std::move(term));
      }
    }
  }
};

Result<Analyzer> Analyzer::make(const State& state) {
  Analyzer out;
  for (const std::string_view setting : {"preprocessor", "tokenizer", "strip_accents"}) {
    if (state.given(setting) != nullptr) return state.unsupported(setting);
  }
  const auto unit = state.text_or("analyzer", "a function");
  if (unit == "char") {
    out.unit = Unit::characters;
  } else if (unit == "char_wb") {
    out.unit = Unit::characters_within_words;
  } else if (unit != "word") {
    return state.unsupported("analyzer " + unit);
  }
  const auto pattern = state.text_or("token_pattern", R"((?u)\b\w\w+\b)");
  if (pattern == R"((?u)\b\w+\b)" || pattern == R"(\b\w+\b)" || pattern == R"(\w+)") {
    out.shortest_word = 1;
  } else if (pattern != R"((?u)\b\w\w+\b)" && pattern != R"(\b\w\w+\b)") {
    return state.unsupported("token_pattern " + pattern);
  }
  out.lowers = state.truth_or("lowercase", true);
  const auto range = TRY(state.integers("ngram_range"));
  TRY(state.require(range.size() == 2 && range[0] >= 1 && range[1] >= range[0] && range[1] < 100,
                    "ngram_range", "is odd"));
  out.least = static_cast<size_t>(range[0]);
  out.most = static_cast<size_t>(range[1]);
  const auto* stop = state.given("stop_words");
  if (stop == nullptr || out.unit != Unit::words) return out;
  if (stop->kind == objects::Kind::text) {
    // single words of a list that is not ours cannot be in the vocabulary anyhow
    const bool harmless = out.most == 1 && state.find("vocabulary_") != nullptr;
    return harmless ? Result<Analyzer>(out) : state.unsupported("stop_words of a language");
  }
  for (const auto* word : stop->items) out.stop_words.insert(word->text);
  return out;
}

Result<const data::Column*> text_column(const data::Batch& batch, std::string_view name) {
  if (batch.columns.size() != 1) {
    return fail(Code::invalid_parameter_value, "{} takes one column of texts, not {}", name,
                batch.columns.size());
  }
  const auto& column = batch.columns[0];
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_numeric() || !column.is_valid(i)) {
      return fail(Code::invalid_parameter_value,
                  "{} is an invalid document, expected byte or unicode string. (row {})",
                  column.is_valid(i) ? column.text_at(i) : "np.nan", i);
    }
  }
  return &column;
}

void append_row(SparseMatrix& out, const std::map<uint32_t, double>& row) {
  for (const auto& [column, value] : row) {
    out.columns.push_back(column);
    out.values.push_back(value);
  }
  out.starts.push_back(out.columns.size());
}

/// What TfidfTransformer does to counts.
struct Weights {
  bool sublinear = false;
  std::vector<double> idf;  // empty: none
  std::string norm;         // "": none

  void apply(SparseMatrix& counts) const {
    for (size_t i = 0; i < counts.n_rows; ++i) {
      double sum = 0;
      for (size_t k = counts.starts[i]; k < counts.starts[i + 1]; ++k) {
        double& value = counts.values[k];
        if (sublinear) value = std::log(value) + 1;
        if (!idf.empty()) value *= idf[counts.columns[k]];
        if (norm == "max") sum = std::max(sum, std::abs(value));
        if (norm == "l1") sum += std::abs(value);
        if (norm == "l2") sum += value * value;
      }
      if (norm == "l2") sum = std::sqrt(sum);
      for (size_t k = counts.starts[i]; k < counts.starts[i + 1] && sum != 0; ++k) {
        counts.values[k] /= sum;
      }
    }
  }
};

Result<Weights> read_weights(const State& state) {
  Weights out;
  out.sublinear = state.truth_or("sublinear_tf", false);
  out.norm = state.text_or("norm", "");
  if (!state.truth_or("use_idf", true)) return out;
  if (state.find("idf_") != nullptr) {
    out.idf = TRY(state.numbers("idf_"));
  } else {  // until 1.4 as a diagonal matrix
    const auto* diagonal = TRY(state.get("_idf_diag"));
    out.idf = TRY(State(*diagonal, state.allowance()).numbers("data"));
  }
  TRY(state.require(!out.idf.empty(), "idf_", "is empty"));
  return out;
}

class Tfidf : public Estimator {
 public:
  Tfidf(const State& state, Weights weights) : Estimator(state), weights_(std::move(weights)) {}

  Result<Value> transform(const Value& x) const override {
    const size_t n = weights_.idf.empty() ? n_columns(x) : weights_.idf.size();
    auto ready = TRY(features_or_sparse(x, n, name()));
    if (auto* matrix = std::get_if<Matrix>(&ready)) ready = to_sparse(*matrix);
    weights_.apply(std::get<SparseMatrix>(ready));
    return ready;
  }

 private:
  Weights weights_;
};

Result<EstimatorPtr> make_tfidf(const State& state) {
  auto weights = TRY(read_weights(state));
  return EstimatorPtr(new Tfidf(state, std::move(weights)));
}

class Vectorizer : public Estimator {
 public:
  Vectorizer(const State& state, Analyzer analyzer,
             std::unordered_map<std::string, uint32_t> vocabulary, bool binary, Weights weights)
      : Estimator(state),
        analyzer_(std::move(analyzer)),
        vocabulary_(std::move(vocabulary)),
        binary_(binary),
        weights_(std::move(weights)) {}

  Result<Value> transform(const Value& x) const override {
    const auto batch = columns(x);
    const auto* texts = TRY(text_column(batch, name()));
    SparseMatrix out{batch.n_rows, vocabulary_.size(), {0}, {}, {}};
    for (size_t i = 0; i < batch.n_rows; ++i) {
      std::map<uint32_t, double> counts;
      analyzer_.each_term(texts->strings()[i], [&](const std::string& term) {
        const auto found = vocabulary_.find(term);
        if (found != vocabulary_.end()) counts[found->second] += 1;
      });
      for (auto& [place, count] : counts) count = binary_ ? 1 : count;
      append_row(out, counts);
    }
    weights_.apply(out);
    return Value(std::move(out));
  }

 private:
  Analyzer analyzer_;
  std::unordered_map<std::string, uint32_t> vocabulary_;
  bool binary_;
  Weights weights_;
};

Result<EstimatorPtr> make_vectorizer(const State& state) {
  auto analyzer = TRY(Analyzer::make(state));
  const auto* terms = TRY(state.get("vocabulary_"));
  const size_t n = terms->items.size() / 2;
  TRY(state.require(n > 0 && terms->kind == objects::Kind::dict, "vocabulary_", "is empty"));
  std::unordered_map<std::string, uint32_t> vocabulary;
  for (size_t i = 0; i + 1 < terms->items.size(); i += 2) {
    const auto place = objects::number_of(*terms->items[i + 1]);
    TRY(state.require(terms->items[i]->kind == objects::Kind::text && place && *place >= 0 &&
                          *place < static_cast<double>(n),
                      "vocabulary_", "leads out of its terms"));
    vocabulary[terms->items[i]->text] = static_cast<uint32_t>(*place);
  }
  TRY(state.require(vocabulary.size() == n, "vocabulary_", "has a term twice"));
  Weights weights;
  if (state.class_name() == "TfidfVectorizer") {
    const auto* inner = TRY(state.get("_tfidf"));
    weights = TRY(read_weights(State(*inner, state.allowance())));
    TRY(state.require(weights.idf.empty() || weights.idf.size() == n, "_tfidf",
                      "does not fit vocabulary_"));
  }
  return EstimatorPtr(new Vectorizer(state, std::move(analyzer), std::move(vocabulary),
                                     state.truth_or("binary", false), std::move(weights)));
}

/// MurmurHash3 of 32 bits, x86, seed 0.
/// Source   Austin Appleby's description of the algorithm, in the public domain.
int32_t murmur_hash(std::string_view text) {
  const auto rotated = [](uint32_t x, int by) { return x << by | x >> (32 - by); };
  const auto mixed = [&](uint32_t k) { return rotated(k * 0xcc9e2d51u, 15) * 0x1b873593u; };
  uint32_t hash = 0;
  size_t at = 0;
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>(text[i])}; };
  for (; at + 4 <= text.size(); at += 4) {
    const uint32_t k = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    hash = rotated(hash ^ mixed(k), 13) * 5 + 0xe6546b64u;
  }
  uint32_t tail = 0;
  for (size_t i = text.size(); i-- > at;) tail = tail << 8 | byte(i);
  if (at < text.size()) hash ^= mixed(tail);
  hash ^= static_cast<uint32_t>(text.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return static_cast<int32_t>(hash ^ hash >> 16);
}

class HashingVectorizer : public Estimator {
 public:
  HashingVectorizer(const State& state, Analyzer analyzer, uint32_t n, std::string norm)
      : Estimator(state),
        analyzer_(std::move(analyzer)),
        n_(n),
        binary_(state.truth_or("binary", false)),
        signed_(state.truth_or("alternate_sign", true)) {
    weights_.norm = std::move(norm);
  }

  Result<Value> transform(const Value& x) const override {
    const auto batch = columns(x);
    const auto* texts = TRY(text_column(batch, name()));
    SparseMatrix out{batch.n_rows, n_, {0}, {}, {}};
    for (size_t i = 0; i < batch.n_rows; ++i) {
      std::map<uint32_t, double> counts;
      analyzer_.each_term(texts->strings()[i], [&](const std::string& term) {
        const auto hash = murmur_hash(term);
        const auto size = static_cast<uint32_t>(std::abs(static_cast<int64_t>(hash)));
        const uint32_t place = hash == INT32_MIN ? (0x7FFFFFFFu - (n_ - 1)) % n_ : size % n_;
        counts[place] += signed_ && hash < 0 ? -1 : 1;
      });
      for (auto& [place, count] : counts) count = binary_ ? 1 : count;
      append_row(out, counts);
    }
    weights_.apply(out);
    return Value(std::move(out));
  }

 private:
  Analyzer analyzer_;
  uint32_t n_;
  bool binary_;
  bool signed_;
  Weights weights_;
};

Result<EstimatorPtr> make_hashing(const State& state) {
  auto analyzer = TRY(Analyzer::make(state));
  const auto n = TRY(state.integer("n_features"));
  TRY(state.require(n > 0 && n < INT32_MAX, "n_features", "is not a count"));
  return EstimatorPtr(new HashingVectorizer(state, std::move(analyzer), static_cast<uint32_t>(n),
                                            state.text_or("norm", "")));
}

constexpr EstimatorRow kRows[] = {
    {"CountVectorizer", make_vectorizer},
    {"HashingVectorizer", make_hashing},
    {"TfidfTransformer", make_tfidf},
    {"TfidfVectorizer", make_vectorizer},
};

}  // namespace

std::span<const EstimatorRow> text_rows() { return kRows; }

}  // namespace slipway::models::sklearn
