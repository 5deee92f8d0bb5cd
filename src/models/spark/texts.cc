// Text: tokenizers, stop words, n-grams, counts of words and of their hashes, IDF, Word2Vec.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "models/sklearn/unicode_words.h"
#include "models/spark/pattern.h"
#include "models/spark/stage.h"

namespace slipway::models::spark {
namespace {

using sklearn::characters_of;
using sklearn::lower_case;
using sklearn::utf8_of;

struct InOut {
  std::string in;
  std::string out;
};

Result<InOut> in_out(const Saved& saved) {
  InOut names;
  names.in = TRY(saved.text("inputCol"));
  names.out = TRY(saved.text("outputCol"));
  return names;
}

using Cut = std::function<Result<std::vector<std::u32string>>(std::u32string_view)>;

// How many of Java's characters a text has: those beyond U+FFFF are two.
size_t java_length(std::u32string_view text) {
  return text.size() +
         static_cast<size_t>(std::ranges::count_if(text, [](char32_t c) { return c > 0xFFFF; }));
}

Result<Stage> cutting_stage(const Saved& saved, bool lowers, size_t min_length, Cut cut) {
  const auto names = TRY(in_out(saved));
  Stage stage{std::string(saved.name()), {names.in}, {names.out}, false, {}};
  stage.apply = [=, cut = std::move(cut)](Frame& frame) -> Result<void> {
    const auto* column = TRY(frame.scalars(names.in));
    Words out;
    for (size_t i = 0; i < frame.n_rows(); ++i) {
      if (column->is_numeric() || !column->is_valid(i)) {
        return fail(Code::invalid_parameter_value, "column '{}', row {}: no text to cut", names.in,
                    i);
      }
      auto text = characters_of(column->strings()[i]);
      if (lowers) text = lower_case(text);
      const auto parts = TRY(cut(text));
      for (const auto& part : parts) {
        if (java_length(part) >= min_length) out.words.push_back(utf8_of(part));
      }
      out.end_row();
    }
    frame.set(names.out, std::move(out));
    return {};
  };
  return stage;
}

Result<Stage> tokenizer(const Saved& saved) {
  const auto blanks = TRY(Pattern::parse("\\s"));
  return cutting_stage(saved, true, 0,
                       [blanks](std::u32string_view text) { return blanks.split(text); });
}

Result<Stage> regex_tokenizer(const Saved& saved) {
  const auto text = saved.text_or("pattern", "\\s+");
  auto pattern = Pattern::parse(text);
  if (!pattern.ok()) {
    return saved.unsupported(fmt::format("pattern '{}' ({})", text, pattern.error().message));
  }
  const double least = saved.number_or("minTokenLength", 1);
  const bool gaps = saved.truth_or("gaps", true);
  return cutting_stage(saved, saved.truth_or("toLowercase", true),
                       static_cast<size_t>(std::clamp(least, 0.0, 1e9)),
                       [gaps, made = std::move(pattern).value()](std::u32string_view characters) {
                         return gaps ? made.split(characters) : made.find_all(characters);
                       });
}

// A stage that makes of each row's words others, or a vector.
template <typename Make>
Result<Stage> words_stage(const Saved& saved, const InOut& names, Make make) {
  Stage stage{std::string(saved.name()), {names.in}, {names.out}, false, {}};
  stage.apply = [names, make = std::move(make)](Frame& frame) -> Result<void> {
    const auto* words = TRY(frame.words(names.in));
    auto made = make(*words);
    frame.set(names.out, std::move(made));
    return {};
  };
  return stage;
}

Result<Stage> stop_words(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  const bool cased = saved.truth_or("caseSensitive", false);
  const auto locale = saved.text_or("locale", "en_US");
  for (const auto* special : {"tr", "az", "lt"}) {
    if (!cased && locale.starts_with(special)) {
      return saved.unsupported(fmt::format("locale '{}'", locale));
    }
  }
  const auto folded = [cased](const std::string& word) {
    return cased ? word : utf8_of(lower_case(characters_of(word)));
  };
  std::unordered_set<std::string> stops;
  const auto given = TRY(saved.texts("stopWords"));
  for (const auto& word : given) stops.insert(folded(word));
  std::vector<Stage> stages;
  for (size_t c = 0; c < columns.in.size(); ++c) {
    auto stage = TRY(
        words_stage(saved, {columns.in[c], columns.out[c]}, [stops, folded](const Words& words) {
          Words out;
          for (size_t i = 0; i + 1 < words.starts.size(); ++i) {
            for (size_t k = words.starts[i]; k < words.starts[i + 1]; ++k) {
              if (!stops.contains(folded(words.words[k]))) out.words.push_back(words.words[k]);
            }
            out.end_row();
          }
          return out;
        }));
    stages.push_back(std::move(stage));
  }
  return joined("StopWordsRemover", std::move(stages));
}

Result<Stage> n_grams(const Saved& saved) {
  const auto names = TRY(in_out(saved));
  const double wanted = saved.number_or("n", 2);
  TRY(saved.require(wanted >= 1 && wanted < 1e6, "n is none"));
  return words_stage(saved, names, [n = static_cast<size_t>(wanted)](const Words& words) {
    Words out;
    for (size_t i = 0; i + 1 < words.starts.size(); ++i) {
      for (size_t k = words.starts[i]; k + n <= words.starts[i + 1]; ++k) {
        std::string gram = words.words[k];
        for (size_t j = 1; j < n; ++j) gram += " " + words.words[k + j];
        out.words.push_back(std::move(gram));
      }
      out.end_row();
    }
    return out;
  });
}

uint32_t rotated(uint32_t x, int by) { return (x << by) | (x >> (32 - by)); }

uint32_t mixed(uint32_t k) { return rotated(k * 0xcc9e2d51u, 15) * 0x1b873593u; }

uint32_t mixed_in(uint32_t h, uint32_t k) { return rotated(h ^ mixed(k), 13) * 5 + 0xe6546b64u; }

// Murmur3 of 32 bits, seed 42; Spark 2's mixes in each of the last bytes as a signed word.
enum class Tail { murmur, spark2 };
int32_t hash_of(std::string_view text, Tail tail) {
  uint32_t h = 42;
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>(text[i])}; };
  size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    h = mixed_in(h, byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24);
  }
  uint32_t last = 0;
  for (int shift = 0; i < text.size(); ++i, shift += 8) {
    if (tail == Tail::spark2) {
      h = mixed_in(h, static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(text[i]))));
    } else {
      last |= byte(i) << shift;
    }
  }
  if (tail == Tail::murmur) h ^= mixed(last);
  h ^= static_cast<uint32_t>(text.size());
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return static_cast<int32_t>(h ^ (h >> 16));
}

size_t place_of(int32_t hash, size_t n) {
  const auto wide = static_cast<int64_t>(n);
  return static_cast<size_t>((hash % wide + wide) % wide);
}

void put_row(Vectors& out, const std::map<size_t, double>& row) {
  for (const auto& [place, value] : row) out.put(place, value);
  out.end_row();
}

Result<size_t> n_features_of(const Saved& saved) {
  const double n = saved.number_or("numFeatures", 1 << 18);
  TRY(saved.require(n >= 1 && n < 0x1p31, "numFeatures is none"));
  return static_cast<size_t>(n);
}

Result<Stage> hashing(const Saved& saved) {
  const auto names = TRY(in_out(saved));
  const auto n = TRY(n_features_of(saved));
  const bool binary = saved.truth_or("binary", false);
  const auto tail = saved.spark_version() >= 3 ? Tail::murmur : Tail::spark2;
  return words_stage(saved, names, [=](const Words& words) {
    const size_t n_rows = words.starts.size() - 1;
    auto out = Vectors::empty_sparse(n_rows, n);
    for (size_t i = 0; i < n_rows; ++i) {
      std::map<size_t, double> counts;
      for (size_t k = words.starts[i]; k < words.starts[i + 1]; ++k) {
        auto& count = counts[place_of(hash_of(words.words[k], tail), n)];
        count = binary ? 1 : count + 1;
      }
      put_row(out, counts);
    }
    return out;
  });
}

struct Hasher {
  std::vector<std::string> in;
  std::unordered_set<std::string> categorical;
  size_t n;

  Result<Vectors> of(const Frame& frame) const {
    auto out = Vectors::empty_sparse(frame.n_rows(), n);
    for (size_t i = 0; i < frame.n_rows(); ++i) {
      std::map<size_t, double> row;
      for (const auto& name : in) {
        const auto* column = TRY(frame.scalars(name));
        if (!column->is_valid(i)) continue;
        const bool is_number = column->is_numeric() && column->type != data::Type::boolean &&
                               !categorical.contains(name);
        const auto key = is_number ? name : name + "=" + spark_text(*column, i);
        row[place_of(hash_of(key, Tail::murmur), n)] += is_number ? column->number_at(i) : 1;
      }
      put_row(out, row);
    }
    return out;
  }
};

Result<Stage> feature_hasher(const Saved& saved) {
  Hasher hasher;
  hasher.in = TRY(saved.texts("inputCols"));
  hasher.n = TRY(n_features_of(saved));
  const auto categorical = TRY(saved.texts("categoricalCols"));
  hasher.categorical.insert(categorical.begin(), categorical.end());
  const auto out = TRY(saved.text("outputCol"));
  Stage stage{"FeatureHasher", hasher.in, {out}, false, {}};
  stage.apply = [hasher, out](Frame& frame) -> Result<void> {
    auto made = TRY(hasher.of(frame));
    frame.set(out, std::move(made));
    return {};
  };
  return stage;
}

Result<Stage> counts(const Saved& saved) {
  const auto names = TRY(in_out(saved));
  const auto table = TRY(saved.table());
  const auto vocabulary = TRY(texts_of(table, "vocabulary", 0));
  std::unordered_map<std::string, size_t> places;
  for (const auto& word : vocabulary) places.emplace(word, places.size());
  const double min_tf = saved.number_or("minTF", 1);
  const bool binary = saved.truth_or("binary", false);
  return words_stage(saved, names, [=, size = vocabulary.size()](const Words& words) {
    const size_t n_rows = words.starts.size() - 1;
    auto out = Vectors::empty_sparse(n_rows, size);
    for (size_t i = 0; i < n_rows; ++i) {
      std::map<size_t, double> row;
      for (size_t k = words.starts[i]; k < words.starts[i + 1]; ++k) {
        const auto found = places.find(words.words[k]);
        if (found != places.end()) row[found->second] += 1;
      }
      const auto n_words = static_cast<double>(words.starts[i + 1] - words.starts[i]);
      const double least = min_tf >= 1 ? min_tf : min_tf * n_words;
      std::erase_if(row, [least](const auto& entry) { return entry.second < least; });
      for (auto& [place, count] : row) count = binary ? 1 : count;
      put_row(out, row);
    }
    return out;
  });
}

Result<Stage> idf(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto weights = TRY(saved.vector_of(table, "idf", 0));
  return vector_stage(saved, weights.size(), [weights](const Vectors& x) -> Result<Vectors> {
    Vectors out = x;
    for (size_t k = 0; k < out.values.size(); ++k) {
      out.values[k] *= weights[x.sparse ? x.indices[k] : k % x.size];
    }
    return out;
  });
}

Result<Stage> word_vectors(const Saved& saved) {
  const auto names = TRY(in_out(saved));
  const auto table = TRY(saved.table());
  const auto* words = TRY(column_of(table, "word"));
  const bool fits = words->kind == Table::Kind::values && !words->values.is_numeric();
  TRY(saved.require(fits, "its words are no texts"));
  const double wanted = saved.number_or("vectorSize", 100);
  TRY(saved.require(wanted >= 1 && wanted < 1e6, "vectorSize is none"));
  const auto size = static_cast<size_t>(wanted);
  std::unordered_map<std::string, std::vector<double>> known;
  for (size_t row = 0; row < table.n_rows; ++row) {
    auto numbers = TRY(numbers_of(table, "vector", row));
    TRY(saved.require(numbers.size() == size, "a vector of another size than vectorSize"));
    known.emplace(std::string(words->values.strings()[row]), std::move(numbers));
  }
  return words_stage(saved, names, [size, known = std::move(known)](const Words& list) {
    const size_t n_rows = list.starts.size() - 1;
    auto out = Vectors::dense(n_rows, size);
    for (size_t i = 0; i < n_rows; ++i) {
      auto* row = out.row(i);
      const auto n = static_cast<double>(list.starts[i + 1] - list.starts[i]);
      for (size_t k = list.starts[i]; k < list.starts[i + 1]; ++k) {
        const auto found = known.find(list.words[k]);
        if (found == known.end()) continue;
        for (size_t c = 0; c < size; ++c) row[c] += found->second[c];
      }
      for (size_t c = 0; c < size && n > 0; ++c) row[c] *= 1 / n;
    }
    return out;
  });
}

constexpr StageRow kRows[] = {
    {"Tokenizer", tokenizer},         {"RegexTokenizer", regex_tokenizer},
    {"StopWordsRemover", stop_words}, {"NGram", n_grams},
    {"HashingTF", hashing},           {"FeatureHasher", feature_hasher},
    {"CountVectorizerModel", counts}, {"IDFModel", idf},
    {"Word2VecModel", word_vectors},
};

}  // namespace

std::span<const StageRow> text_rows() { return kRows; }

}  // namespace slipway::models::spark
