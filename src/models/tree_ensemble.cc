#include "models/tree_ensemble.h"

#include <variant>

#include "models/packed_trees.h"

namespace slipway::models {

struct TreeEnsemble::Packed {
  std::variant<PackedTrees<float, float>, PackedTrees<float, double>, PackedTrees<double, double>>
      trees;

  template <typename X, typename Sum>
  static Result<std::shared_ptr<const Packed>> pack(const std::vector<Tree>& trees,
                                                    const EnsembleForm& form) {
    auto packed = TRY((PackedTrees<X, Sum>::pack(trees, form)));
    return std::shared_ptr<const Packed>(std::make_shared<Packed>(Packed{std::move(packed)}));
  }

  static Result<std::shared_ptr<const Packed>> make(const std::vector<Tree>& trees,
                                                    const EnsembleForm& form) {
    if (form.rows == Number::float64) {
      check(form.sums == Number::float64, "float64 rows have float64 sums");
      return pack<double, double>(trees, form);
    }
    if (form.sums == Number::float64) return pack<float, double>(trees, form);
    return pack<float, float>(trees, form);
  }
};

Result<TreeEnsemble> TreeEnsemble::make(const std::vector<Tree>& trees, EnsembleForm form) {
  TreeEnsemble out;
  out.packed_ = TRY(Packed::make(trees, form));
  out.form_ = std::move(form);
  out.n_trees_ = trees.size();
  for (const auto& tree : trees) out.n_nodes_ += tree.nodes.size();
  return out;
}

template <typename X, typename Sum>
void TreeEnsemble::evaluate(BasicMatrixView<X> rows, std::span<Sum> sums) const {
  check(rows.n_columns == n_features(), "as many columns as the trees have features");
  check(sums.size() == rows.n_rows * n_outputs(), "a sum for each row and output");
  const auto* trees = std::get_if<PackedTrees<X, Sum>>(&packed_->trees);
  check(trees != nullptr, "rows and sums of the types that the trees were made for");
  const size_t n = n_outputs();
  for (size_t i = 0; i < rows.n_rows; ++i) {
    for (size_t k = 0; k < n; ++k) sums[i * n + k] = static_cast<Sum>(form_.base_scores[k]);
  }
  trees->add(rows, sums);
}

void TreeEnsemble::predict(MatrixView rows, std::span<float> sums) const { evaluate(rows, sums); }
void TreeEnsemble::predict(MatrixView rows, std::span<double> sums) const { evaluate(rows, sums); }
void TreeEnsemble::predict(Matrix64View rows, std::span<double> sums) const {
  evaluate(rows, sums);
}

}  // namespace slipway::models
