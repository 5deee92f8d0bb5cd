// Scalers, normalizer, selectors and other stages of one column of vectors.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "models/spark/stage.h"

namespace slipway::models::spark {
namespace {

// (x - shift) × scale + offset; without shifts and offset a sparse vector stays sparse.
struct Affine {
  std::vector<double> shift;  // empty: none
  std::vector<double> scale;  // empty: 1
};

Result<Vectors> apply_affine(const Affine& affine, const Vectors& x) {
  Vectors out;
  if (affine.shift.empty()) {
    out = x;
  } else {
    out = TRY(x.to_dense());
  }
  for (size_t i = 0, k = 0; i < out.n_rows; ++i) {
    const size_t n = out.sparse ? out.starts[i + 1] - out.starts[i] : out.size;
    for (size_t j = 0; j < n; ++j, ++k) {
      const size_t c = out.sparse ? out.indices[k] : j;
      if (!affine.shift.empty()) out.values[k] -= affine.shift[c];
      if (!affine.scale.empty()) out.values[k] *= affine.scale[c];
    }
  }
  return out;
}

Result<Stage> affine_stage(const Saved& saved, size_t size, Affine affine) {
  return vector_stage(saved, size, [affine = std::move(affine)](const Vectors& x) {
    return apply_affine(affine, x);
  });
}

std::vector<double> reciprocals(std::vector<double> values, double of_zero) {
  for (auto& value : values) value = value == 0 ? of_zero : 1 / value;
  return values;
}

Result<Stage> standard(const Saved& saved) {
  const auto table = TRY(saved.table());
  auto mean = TRY(saved.vector_of(table, "mean", 0));
  auto std = TRY(saved.vector_of(table, "std", 0));
  const auto size = std.size();
  TRY(saved.require(mean.size() == size, "mean and std have unequal sizes"));
  Affine affine;
  if (saved.truth_or("withMean", false)) affine.shift = std::move(mean);
  if (saved.truth_or("withStd", true)) affine.scale = reciprocals(std::move(std), 0);
  return affine_stage(saved, size, std::move(affine));
}

Result<Stage> robust(const Saved& saved) {
  const auto table = TRY(saved.table());
  auto median = TRY(saved.vector_of(table, "median", 0));
  auto range = TRY(saved.vector_of(table, "range", 0));
  const auto size = range.size();
  TRY(saved.require(median.size() == size, "median and range have unequal sizes"));
  Affine affine;
  if (saved.truth_or("withCentering", false)) affine.shift = std::move(median);
  if (saved.truth_or("withScaling", true)) affine.scale = reciprocals(std::move(range), 0);
  return affine_stage(saved, size, std::move(affine));
}

Result<Stage> max_abs(const Saved& saved) {
  const auto table = TRY(saved.table());
  auto greatest = TRY(saved.vector_of(table, "maxAbs", 0));
  const auto size = greatest.size();
  return affine_stage(saved, size, {{}, reciprocals(std::move(greatest), 1)});
}

Result<Stage> min_max(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto least = TRY(saved.vector_of(table, "originalMin", 0));
  const auto greatest = TRY(saved.vector_of(table, "originalMax", 0));
  const double from = saved.number_or("min", 0);
  const double to = saved.number_or("max", 1);
  TRY(saved.require(least.size() == greatest.size(), "unequal sizes of its data"));
  std::vector<double> scale(least.size());
  for (size_t i = 0; i < scale.size(); ++i) {
    const double range = greatest[i] - least[i];
    scale[i] = range == 0 ? 0 : (to - from) / range;
  }
  return vector_stage(saved, least.size(), [=](const Vectors& x) -> Result<Vectors> {
    auto out = TRY(x.to_dense());
    for (size_t i = 0; i < out.n_rows; ++i) {
      auto* row = out.row(i);
      for (size_t c = 0; c < out.size; ++c) {
        if (std::isnan(row[c])) continue;
        row[c] = scale[c] == 0 ? (from + to) / 2 : (row[c] - least[c]) * scale[c] + from;
      }
    }
    return out;
  });
}

Result<Stage> product(const Saved& saved) {
  const auto* param = saved.find("scalingVec");
  const auto* values = param == nullptr ? nullptr : find(*param, "values");
  if (values == nullptr || !values->is_array()) return saved.odd("no scalingVec");
  if (find(*param, "indices") != nullptr) return saved.unsupported("a sparse scalingVec");
  Affine affine;
  for (const auto& value : values->get_array()) {
    const double number = TRY(param_number(value));
    affine.scale.push_back(number);
  }
  const auto size = affine.scale.size();
  return affine_stage(saved, size, std::move(affine));
}

double norm_of(const Vectors& x, size_t row, double p) {
  double sum = 0;
  x.each(row, [&](size_t, double value) {
    const double size = std::abs(value);
    if (std::isinf(p)) {
      sum = std::max(sum, size);
    } else {
      sum += p == 1 ? size : p == 2 ? value * value : std::pow(size, p);
    }
  });
  if (p == 1 || std::isinf(p)) return sum;
  return p == 2 ? std::sqrt(sum) : std::pow(sum, 1 / p);
}

Result<Stage> normalizer(const Saved& saved) {
  const double p = saved.number_or("p", 2);
  TRY(saved.require(p >= 1, "p is below 1"));
  return vector_stage(saved, 0, [p](const Vectors& x) -> Result<Vectors> {
    Vectors out = x;
    for (size_t i = 0; i < x.n_rows; ++i) {
      const double norm = norm_of(x, i, p);
      if (norm == 0) continue;
      const size_t begin = x.sparse ? x.starts[i] : i * x.size;
      const size_t end = x.sparse ? x.starts[i + 1] : begin + x.size;
      for (size_t k = begin; k < end; ++k) out.values[k] /= norm;
    }
    return out;
  });
}

Result<Stage> pca(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto axes = TRY(saved.matrix_of(table, "pc", 0));
  return vector_stage(saved, axes.n_rows, [axes](const Vectors& x) -> Result<Vectors> {
    auto out = Vectors::dense(x.n_rows, axes.n_columns);
    for (size_t i = 0; i < x.n_rows; ++i) {
      auto* to = out.row(i);
      x.each(i, [&](size_t c, double value) {
        for (size_t k = 0; k < axes.n_columns; ++k) to[k] += value * axes.row(c)[k];
      });
    }
    return out;
  });
}

Result<Vectors> chosen(const Vectors& x, const std::vector<size_t>& places) {
  for (const auto place : places) {
    if (place >= x.size) {
      return fail(Code::invalid_parameter_value, "vectors of {} numbers have no place {}", x.size,
                  place);
    }
  }
  if (!x.sparse) {
    auto out = Vectors::dense(x.n_rows, places.size());
    for (size_t i = 0; i < x.n_rows; ++i) {
      for (size_t k = 0; k < places.size(); ++k) out.row(i)[k] = x.row(i)[places[k]];
    }
    return out;
  }
  auto out = Vectors::empty_sparse(x.n_rows, places.size());
  for (size_t i = 0; i < x.n_rows; ++i) {
    const auto begin = x.indices.begin() + static_cast<std::ptrdiff_t>(x.starts[i]);
    const auto end = x.indices.begin() + static_cast<std::ptrdiff_t>(x.starts[i + 1]);
    for (size_t k = 0; k < places.size(); ++k) {
      const auto found = std::lower_bound(begin, end, places[k]);
      if (found == end || *found != places[k]) continue;
      out.put(k, x.values[static_cast<size_t>(found - x.indices.begin())]);
    }
    out.end_row();
  }
  return out;
}

Result<Stage> choosing_stage(const Saved& saved, const std::vector<double>& wanted) {
  std::vector<size_t> places;
  for (const double place : wanted) {
    TRY(saved.require(place >= 0 && place < 0x1p31, "a place is negative"));
    places.push_back(static_cast<size_t>(place));
  }
  auto stage =
      TRY(vector_stage(saved, 0, [places](const Vectors& x) { return chosen(x, places); }));
  stage.apply = [apply = std::move(stage.apply), places, in = stage.reads[0],
                 out = stage.writes[0]](Frame& frame) -> Result<void> {
    TRY(apply(frame));
    const auto levels = frame.find(in)->levels;
    if (levels.empty()) return {};
    auto column = *frame.find(out);
    for (const auto place : places) column.levels.push_back(levels[place]);
    frame.set(out, std::move(column));
    return {};
  };
  return stage;
}

Result<Stage> selector(const Saved& saved) {
  const auto table = TRY(saved.table());
  auto wanted = TRY(numbers_of(table, "selectedFeatures", 0));
  std::ranges::sort(wanted);
  return choosing_stage(saved, wanted);
}

Result<Stage> slicer(const Saved& saved) {
  const auto names = TRY(saved.texts("names"));
  if (!names.empty()) return saved.unsupported("choosing by names");
  const auto wanted = TRY(saved.numbers("indices"));
  return choosing_stage(saved, wanted);
}

Result<Stage> size_hint(const Saved& saved) {
  const double size = TRY(saved.number("size"));
  const auto in = TRY(saved.text("inputCol"));
  if (saved.text_or("handleInvalid", "error") == "skip") return saved.unsupported("skipping rows");
  Stage stage{"VectorSizeHint", {in}, {in}, false, {}};
  stage.apply = [=](Frame& frame) -> Result<void> {
    TRY(frame.vectors(in, static_cast<size_t>(size), "VectorSizeHint"));
    return {};
  };
  TRY(saved.require(size >= 0 && size < 0x1p31, "size is none"));
  return stage;
}

// The discrete cosine transform of type II, or its inverse, so scaled that it is a rotation.
Result<Stage> cosine_transform(const Saved& saved) {
  const bool inverse = saved.truth_or("inverse", false);
  return vector_stage(saved, 0, [inverse](const Vectors& x) -> Result<Vectors> {
    const auto from = TRY(x.to_dense());
    auto out = Vectors::dense(x.n_rows, x.size);
    const auto n = static_cast<double>(x.size);
    if (x.size > 1 << 14) return fail(Code::resource_exhausted, "DCT of {} numbers", x.size);
    for (size_t i = 0; i < x.n_rows; ++i) {
      for (size_t k = 0; k < x.size; ++k) {
        for (size_t j = 0; j < x.size; ++j) {
          const size_t wave = inverse ? j : k;
          const size_t place = inverse ? k : j;
          const double scale = std::sqrt((wave == 0 ? 1 : 2) / n);
          const double angle =
              std::numbers::pi * (static_cast<double>(place) + 0.5) * static_cast<double>(wave) / n;
          out.row(i)[k] += scale * from.row(i)[j] * std::cos(angle);
        }
      }
    }
    return out;
  });
}

constexpr StageRow kRows[] = {
    {"StandardScalerModel", standard},
    {"MinMaxScalerModel", min_max},
    {"MaxAbsScalerModel", max_abs},
    {"RobustScalerModel", robust},
    {"Normalizer", normalizer},
    {"ElementwiseProduct", product},
    {"PCAModel", pca},
    {"ChiSqSelectorModel", selector},
    {"UnivariateFeatureSelectorModel", selector},
    {"VarianceThresholdSelectorModel", selector},
    {"VectorSlicer", slicer},
    {"VectorSizeHint", size_hint},
    {"DCT", cosine_transform},
};

}  // namespace

std::span<const StageRow> scaling_rows() { return kRows; }

}  // namespace slipway::models::spark
