// Clusters: k-means, bisecting k-means, Gaussian mixtures.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <unordered_map>

#include "models/spark/classifier.h"
#include "models/spark/stage.h"

namespace slipway::models::spark {
namespace {

enum class Distance { euclidean, cosine };

Result<Distance> distance_of(const Saved& saved) {
  const auto name = saved.text_or("distanceMeasure", "euclidean");
  if (name == "euclidean") return Distance::euclidean;
  if (name == "cosine") return Distance::cosine;
  return saved.unsupported(fmt::format("distanceMeasure '{}'", name));
}

double norm_of(const double* x, size_t n) {
  double sum = 0;
  for (size_t c = 0; c < n; ++c) sum += x[c] * x[c];
  return std::sqrt(sum);
}

double distance(Distance kind, const double* x, const std::vector<double>& center) {
  double sum = 0;
  if (kind == Distance::euclidean) {
    for (size_t c = 0; c < center.size(); ++c) sum += (x[c] - center[c]) * (x[c] - center[c]);
    return sum;
  }
  for (size_t c = 0; c < center.size(); ++c) sum += x[c] * center[c];
  return 1 - sum / norm_of(x, center.size()) / norm_of(center.data(), center.size());
}

struct Node {
  std::vector<double> center;
  std::vector<size_t> children;
  double index = 0;  // of a leaf
};

Result<Stage> cluster_stage(const Saved& saved, size_t n_features,
                            std::function<double(const double* x)> predict) {
  const auto features = TRY(saved.text("featuresCol"));
  const auto prediction = saved.text_or("predictionCol", "prediction");
  Stage stage{std::string(saved.name()), {features}, {prediction}, false, {}};
  stage.apply = [=, predict = std::move(predict), name = stage.name](Frame& frame) -> Result<void> {
    const auto* from = TRY(frame.vectors(features, n_features, name));
    const auto x = TRY(from->to_dense());
    std::vector<int64_t> out(x.n_rows);
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<int64_t>(predict(x.row(i)));
    frame.set(prediction, data::int64_column(prediction, std::move(out)));
    return {};
  };
  return stage;
}

Result<Stage> k_means(const Saved& saved) {
  const auto kind = TRY(distance_of(saved));
  const auto table = TRY(saved.table());
  TRY(saved.require(table.n_rows >= 1, "it has no centers"));
  std::vector<std::vector<double>> centers(table.n_rows);
  for (size_t row = 0; row < table.n_rows; ++row) {
    const double index = TRY(number_of(table, "clusterIdx", row));
    TRY(saved.require(index >= 0 && index < static_cast<double>(centers.size()), "clusterIdx"));
    auto& center = centers[static_cast<size_t>(index)];
    center = TRY(saved.vector_of(table, "clusterCenter", row));
  }
  const size_t size = centers[0].size();
  for (const auto& center : centers) {
    TRY(saved.require(center.size() == size, "centers of unequal sizes"));
  }
  return cluster_stage(saved, size, [centers, kind](const double* x) {
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t k = 0; k < centers.size(); ++k) {
      const double apart = distance(kind, x, centers[k]);
      if (apart < least) {
        least = apart;
        best = k;
      }
    }
    return static_cast<double>(best);
  });
}

// Nodes in the table's order; every child is checked to be there, and to have one parent.
Result<std::vector<Node>> nodes_of(const Saved& saved, const Table& table) {
  std::unordered_map<double, size_t> places;
  std::vector<Node> nodes(table.n_rows);
  for (size_t row = 0; row < nodes.size(); ++row) {
    nodes[row].index = TRY(number_of(table, "index", row));
    TRY(saved.require(places.emplace(nodes[row].index, row).second, "two nodes of one index"));
  }
  std::vector<uint8_t> taken(nodes.size());
  for (size_t row = 0; row < nodes.size(); ++row) {
    nodes[row].center = TRY(saved.vector_of(table, "center", row));
    TRY(saved.require(nodes[row].center.size() == nodes[0].center.size(), "unequal centers"));
    const auto children = TRY(numbers_of(table, "children", row));
    for (const double child : children) {
      const auto found = places.find(child);
      TRY(saved.require(found != places.end() && taken[found->second]++ == 0, "a node's child"));
      nodes[row].children.push_back(found->second);
    }
  }
  return nodes;
}

Result<Stage> bisecting(const Saved& saved) {
  const auto inner = TRY(saved.open_inner("data"));
  const auto* measure = find(inner.metadata(), "distanceMeasure");
  const bool cosine =
      measure != nullptr && measure->is_string() && measure->get_string() == "cosine";
  const auto* root_id = find(inner.metadata(), "rootId");
  TRY(saved.require(root_id != nullptr && root_id->is_number(), "its rootId is missing"));
  const auto table = TRY(inner.table());
  const auto nodes = TRY(nodes_of(saved, table));
  const auto root = std::ranges::find(nodes, root_id->to_number<double>(), &Node::index);
  TRY(saved.require(root != nodes.end(), "its root is missing"));
  // a walk from the root that is longer than there are nodes goes in a circle
  for (const auto& node : nodes) {
    const auto at = static_cast<size_t>(root - nodes.begin());
    TRY(saved.require(std::ranges::find(node.children, at) == node.children.end(), "its root"));
  }
  const auto kind = cosine ? Distance::cosine : Distance::euclidean;
  const auto size = nodes[0].center.size();
  return cluster_stage(
      saved, size,
      [nodes, kind, start = static_cast<size_t>(root - nodes.begin())](const double* x) {
        const auto* node = &nodes[start];
        while (!node->children.empty()) {
          size_t best = node->children[0];
          double least = std::numeric_limits<double>::infinity();
          for (const auto child : node->children) {
            const double apart = distance(kind, x, nodes[child].center);
            if (apart < least) {
              least = apart;
              best = child;
            }
          }
          node = &nodes[best];
        }
        return node->index;
      });
}

// Eigenvalues and vectors (columns of `axes`) of a symmetric matrix, by Jacobi's rotations.
struct Axes {
  std::vector<double> values;
  std::vector<double> axes;
};

void rotate(std::vector<double>& a, std::vector<double>& v, size_t n, size_t p, size_t q) {
  const double off = a[p * n + q];
  if (off == 0) return;
  const double theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
  const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(theta, 1.0));
  const double cosine = 1 / std::hypot(t, 1.0);
  const double sine = t * cosine;
  for (size_t k = 0; k < n; ++k) {
    const double x = a[k * n + p];
    const double y = a[k * n + q];
    a[k * n + p] = cosine * x - sine * y;
    a[k * n + q] = sine * x + cosine * y;
  }
  for (size_t k = 0; k < n; ++k) {
    const double x = a[p * n + k];
    const double y = a[q * n + k];
    a[p * n + k] = cosine * x - sine * y;
    a[q * n + k] = sine * x + cosine * y;
    const double left = v[k * n + p];
    const double right = v[k * n + q];
    v[k * n + p] = cosine * left - sine * right;
    v[k * n + q] = sine * left + cosine * right;
  }
}

Axes axes_of(std::vector<double> a, size_t n) {
  Axes out{{}, std::vector<double>(n * n)};
  for (size_t i = 0; i < n; ++i) out.axes[i * n + i] = 1;
  double scale = 0;
  for (const double value : a) scale += value * value;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) off += a[p * n + q] * a[p * n + q];
    }
    if (!(off > 1e-36 * scale)) break;
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) rotate(a, out.axes, n, p, q);
    }
  }
  for (size_t i = 0; i < n; ++i) out.values.push_back(a[i * n + i]);
  return out;
}

struct Gaussian {
  double weight = 0;
  std::vector<double> mean;
  std::vector<double> root;  // [n × n]: the squared length of root · (x - mean) is its distance
  double constant = 0;

  double density(const double* x) const {
    const size_t n = mean.size();
    double squares = 0;
    for (size_t k = 0; k < n; ++k) {
      double sum = 0;
      for (size_t c = 0; c < n; ++c) sum += root[k * n + c] * (x[c] - mean[c]);
      squares += sum * sum;
    }
    return std::exp(constant - 0.5 * squares);
  }
};

// Axes along which there is no variance are left out, as in Spark's MultivariateGaussian.
Result<void> set_shape(const Saved& saved, const Weights& covariance, Gaussian& out) {
  constexpr double kEpsilon = 0x1p-52;
  const size_t n = out.mean.size();
  TRY(saved.require(covariance.n_rows == n && covariance.n_columns == n && n >= 1 && n <= 1000,
                    "a covariance does not fit its mean (of up to 1,000 numbers)"));
  const auto axes = axes_of(covariance.values, n);
  const double least = kEpsilon * *std::ranges::max_element(axes.values) * static_cast<double>(n);
  double log_det = 0;
  out.root.assign(n * n, 0);
  for (size_t k = 0; k < n; ++k) {
    if (!(axes.values[k] > least)) continue;
    log_det += std::log(axes.values[k]);
    for (size_t c = 0; c < n; ++c) {
      out.root[k * n + c] = std::sqrt(1 / axes.values[k]) * axes.axes[c * n + k];
    }
  }
  out.constant = -0.5 * (static_cast<double>(n) * std::log(2 * std::numbers::pi) + log_det);
  return {};
}

Result<std::vector<Gaussian>> gaussians_of(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto weights = TRY(numbers_of(table, "weights", 0));
  const auto* means = TRY(column_of(table, "mus"));
  const auto* shapes = TRY(column_of(table, "sigmas"));
  const auto mean_span = TRY(items_of(*means, 0));
  const auto shape_span = TRY(items_of(*shapes, 0));
  const size_t k = weights.size();
  const bool fits =
      k >= 1 && mean_span.end - mean_span.begin == k && shape_span.end - shape_span.begin == k;
  TRY(saved.require(fits, "weights, mus and sigmas do not fit each other"));
  std::vector<Gaussian> out(k);
  for (size_t i = 0; i < k; ++i) {
    out[i].weight = weights[i];
    out[i].mean = TRY(saved.vector_in(means->children[0], mean_span.begin + i));
    TRY(saved.require(out[i].mean.size() == out[0].mean.size(), "means of unequal sizes"));
    const auto shape = TRY(saved.matrix_in(shapes->children[0], shape_span.begin + i));
    TRY(set_shape(saved, shape, out[i]));
  }
  return out;
}

Result<Stage> mixture(const Saved& saved) {
  const auto parts = TRY(gaussians_of(saved));
  const auto features = TRY(saved.text("featuresCol"));
  const auto prediction = saved.text_or("predictionCol", "prediction");
  const auto probability = saved.text_or("probabilityCol", "probability");
  Stage stage{std::string(saved.name()), {features}, {prediction, probability}, false, {}};
  stage.apply = [=, name = stage.name](Frame& frame) -> Result<void> {
    const auto* from = TRY(frame.vectors(features, parts[0].mean.size(), name));
    const auto x = TRY(from->to_dense());
    auto shares = Vectors::dense(x.n_rows, parts.size());
    std::vector<int64_t> best(x.n_rows);
    for (size_t i = 0; i < x.n_rows; ++i) {
      auto* row = shares.row(i);
      for (size_t k = 0; k < parts.size(); ++k) {
        row[k] = 0x1p-52 + parts[k].weight * parts[k].density(x.row(i));
      }
      normalize_row(row, parts.size());
      best[i] = static_cast<int64_t>(greatest_of(row, parts.size()));
    }
    if (!probability.empty()) frame.set(probability, std::move(shares));
    frame.set(prediction, data::int64_column(prediction, std::move(best)));
    return {};
  };
  return stage;
}

constexpr StageRow kRows[] = {
    {"KMeansModel", k_means},
    {"BisectingKMeansModel", bisecting},
    {"GaussianMixtureModel", mixture},
};

}  // namespace

std::span<const StageRow> cluster_rows() { return kRows; }

}  // namespace slipway::models::spark
