#include "models/catboost_model.h"

#include <algorithm>
#include <map>
#include <optional>

#include "models/catboost/rows.h"
#include "models/tree_ensemble.h"

namespace slipway::models {

namespace cb = catboost;

struct CatboostModel::Trees {
  cb::Ranking ranking;
  cb::ObliviousTrees oblivious;
  std::optional<TreeEnsemble> steps;  // trees that ask other questions on a level, over ranks
  size_t n_outputs = 1;
  size_t n_trees = 0;
  double scale = 1;
  std::vector<double> biases;
  std::vector<std::string> names;
  std::vector<bool> is_category;
  std::map<std::string, std::string> information;

  void add_block(const std::vector<uint8_t>& ranks, size_t n_rows, double* sums) const;
  void finish(std::vector<double>& sums) const;
};

namespace {

constexpr size_t kMaxLevels = 16;
constexpr size_t kMaxFeatures = 1 << 20;

Error odd(std::string_view what) {
  return fail(Code::invalid_parameter_value, "CatBoost model: {}", what);
}

Result<cb::RankPlace> place_of(const cb::Parts& parts, const cb::Ranking& ranking, size_t at) {
  const auto split = parts.tree_splits[at];
  if (split < 0 || static_cast<size_t>(split) >= parts.splits.size()) {
    return odd(fmt::format("split {} of {}", split, parts.splits.size()));
  }
  return ranking.places()[static_cast<size_t>(split)];
}

Result<cb::ObliviousTrees> oblivious_of(const cb::Parts& parts, const cb::Ranking& ranking) {
  cb::ObliviousTrees out;
  out.n_outputs = parts.n_outputs;
  size_t n_leaves = 0;
  for (const auto size : parts.tree_sizes) {
    const size_t begin = out.levels.size();
    if (size < 0 || static_cast<size_t>(size) > kMaxLevels ||
        parts.tree_splits.size() - begin < static_cast<size_t>(size)) {
      return odd(fmt::format("a tree of {} levels", size));
    }
    for (size_t l = 0; l < static_cast<size_t>(size); ++l) {
      const auto place = TRY(place_of(parts, ranking, begin + l));
      out.levels.push_back({place.column, place.rank});
    }
    out.trees.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(size), n_leaves * parts.n_outputs});
    n_leaves += size_t{1} << size;
  }
  if (n_leaves * parts.n_outputs != parts.leaves.size()) return odd("its trees lack leaves");
  out.leaves = parts.leaves;
  return out;
}

// A leaf of the values that begin at a node's own place.
Result<int32_t> add_leaf(const cb::Parts& parts, size_t step, Tree& tree) {
  const size_t begin = parts.step_leaves[step];
  if (begin > parts.leaves.size() || parts.leaves.size() - begin < parts.n_outputs) {
    return odd("a leaf that is not there");
  }
  const auto values = parts.leaves.begin() + static_cast<std::ptrdiff_t>(begin);
  TreeNode leaf;
  leaf.value = *values;
  if (parts.n_outputs > 1) {
    tree.vectors.resize(tree.nodes.size() * parts.n_outputs);
    tree.vectors.insert(tree.vectors.end(), values,
                        values + static_cast<std::ptrdiff_t>(parts.n_outputs));
  }
  tree.nodes.push_back(leaf);
  return static_cast<int32_t>(tree.nodes.size() - 1);
}

// The nodes from `begin` on; each leads only to later ones.
Result<Tree> tree_of(const cb::Parts& parts, const cb::Ranking& ranking, size_t begin, size_t n) {
  Tree tree;
  tree.nodes.resize(n);
  for (size_t i = 0; i < n; ++i) {
    const auto step = parts.steps[begin + i];
    if (step.left == 0 && step.right == 0) {
      const auto leaf = TRY(add_leaf(parts, begin + i, tree));
      tree.nodes[i] = tree.nodes[static_cast<size_t>(leaf)];
      if (parts.n_outputs > 1) {
        const size_t from = static_cast<size_t>(leaf) * parts.n_outputs;
        for (size_t k = 0; k < parts.n_outputs; ++k) {
          tree.vectors[i * parts.n_outputs + k] = tree.vectors[from + k];
        }
      }
      continue;
    }
    if (i + std::max(step.left, step.right) >= n) return odd("a step leads out of its tree");
    const auto place = TRY(place_of(parts, ranking, begin + i));
    const auto child = [&](uint16_t diff) -> Result<int32_t> {
      if (diff == 0) return add_leaf(parts, begin + i, tree);
      return static_cast<int32_t>(i + diff);
    };
    const auto left = TRY(child(step.left));
    const auto right = TRY(child(step.right));
    auto& node = tree.nodes[i];
    node.left = left;
    node.right = right;
    node.feature = place.column;
    node.value = place.rank - 0.5;
  }
  if (parts.n_outputs > 1) tree.vectors.resize(tree.nodes.size() * parts.n_outputs);
  return tree;
}

Result<TreeEnsemble> steps_of(const cb::Parts& parts, const cb::Ranking& ranking) {
  if (parts.step_leaves.size() != parts.steps.size() ||
      parts.tree_splits.size() != parts.steps.size()) {
    return odd("as many splits and leaves as steps are wanted");
  }
  if (parts.steps.size() > 2 * parts.leaves.size() / parts.n_outputs) {
    return odd("more steps than its leaves explain");
  }
  std::vector<Tree> trees;
  size_t begin = 0;
  for (const auto size : parts.tree_sizes) {
    if (size < 1 || parts.steps.size() - begin < static_cast<size_t>(size)) {
      return odd(fmt::format("a tree of {} nodes", size));
    }
    auto tree = TRY(tree_of(parts, ranking, begin, static_cast<size_t>(size)));
    trees.push_back(std::move(tree));
    begin += static_cast<size_t>(size);
  }
  EnsembleForm form;
  form.n_features = ranking.n_columns();
  form.base_scores.assign(parts.n_outputs, 0);
  form.sums = Number::float64;
  form.left = Compare::less_equal;
  return TreeEnsemble::make(trees, form);
}

Result<uint32_t> hash_of(const data::Column& column, size_t row) {
  const bool is_odd = column.type == data::Type::float32 || column.type == data::Type::float64 ||
                      column.type == data::Type::timestamp || !column.is_valid(row);
  if (is_odd) {
    return fail(Code::invalid_parameter_value,
                "column '{}', row {}: a category of CatBoost is a text or a whole number",
                column.name, row);
  }
  if (column.type == data::Type::boolean) {
    return static_cast<uint32_t>(cb::city_hash(column.booleans()[row] != 0 ? "1" : "0"));
  }
  return static_cast<uint32_t>(cb::city_hash(column.text_at(row)));
}

}  // namespace

CatboostModel::CatboostModel(std::unique_ptr<Trees> trees) : trees_(std::move(trees)) {}
CatboostModel::CatboostModel(CatboostModel&&) noexcept = default;
CatboostModel& CatboostModel::operator=(CatboostModel&&) noexcept = default;
CatboostModel::~CatboostModel() = default;

Result<CatboostModel> CatboostModel::parse(std::string_view bytes) {
  auto parts = TRY(cb::read_binary(bytes));
  auto out = std::make_unique<Trees>();
  out->ranking = TRY(cb::Ranking::make(parts));
  out->n_outputs = parts.n_outputs;
  out->n_trees = parts.tree_sizes.size();
  out->scale = parts.scale;
  out->biases = std::move(parts.biases);
  out->information = std::move(parts.information);
  const auto add = [&](size_t column, const std::string& name, bool is_category) {
    if (column >= kMaxFeatures) return;
    if (column >= out->names.size()) {
      out->names.resize(column + 1);
      out->is_category.resize(column + 1);
    }
    out->names[column] = name;
    out->is_category[column] = is_category;
  };
  for (const auto& feature : parts.floats) add(feature.column, feature.name, false);
  for (const auto& feature : parts.categories) add(feature.column, feature.name, true);
  for (const auto& columns : {out->ranking.number_columns(), out->ranking.category_columns()}) {
    for (const auto column : columns) {
      if (column >= out->names.size()) return odd("a feature beyond all columns");
    }
  }
  if (parts.steps.empty()) {
    out->oblivious = TRY(oblivious_of(parts, out->ranking));
  } else {
    out->steps = TRY(steps_of(parts, out->ranking));
  }
  return CatboostModel(std::move(out));
}

void CatboostModel::Trees::add_block(const std::vector<uint8_t>& ranks, size_t n_rows,
                                     double* sums) const {
  if (!steps) {
    oblivious.add_block(ranks.data(), sums);
    return;
  }
  const size_t width = ranking.n_columns();
  std::vector<float> rows(n_rows * width);
  for (size_t c = 0; c < width; ++c) {
    for (size_t i = 0; i < n_rows; ++i) rows[i * width + c] = ranks[c * cb::kBlock + i];
  }
  steps->predict(MatrixView{rows.data(), n_rows, width}, std::span(sums, n_rows * n_outputs));
}

void CatboostModel::Trees::finish(std::vector<double>& sums) const {
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] = sums[i] * scale + biases[n_outputs == 1 ? 0 : i % n_outputs];
  }
}

Result<std::vector<double>> CatboostModel::predict(const std::vector<const data::Column*>& columns,
                                                   size_t n_rows) const {
  const auto& t = *trees_;
  const auto& from = t.ranking.number_columns();
  const auto& categories = t.ranking.category_columns();
  std::vector<float> numbers(from.size() * cb::kBlock);
  std::vector<uint32_t> hashes(categories.size() * cb::kBlock);
  std::vector<uint8_t> ranks(t.ranking.n_columns() * cb::kBlock);
  std::vector<double> block(cb::kBlock * t.n_outputs);
  std::vector<double> out;
  out.reserve(n_rows * t.n_outputs);
  for (size_t begin = 0; begin < n_rows; begin += cb::kBlock) {
    const size_t n = std::min(n_rows - begin, cb::kBlock);
    for (size_t f = 0; f < from.size(); ++f) {
      const auto& column = *columns[from[f]];
      for (size_t i = 0; i < n; ++i) {
        numbers[f * cb::kBlock + i] = static_cast<float>(column.number_at(begin + i));
      }
    }
    for (size_t f = 0; f < categories.size(); ++f) {
      for (size_t i = 0; i < n; ++i) {
        const auto hash = TRY(hash_of(*columns[categories[f]], begin + i));
        hashes[f * cb::kBlock + i] = hash;
      }
    }
    t.ranking.rank(numbers, hashes, ranks.data());
    std::ranges::fill(block, 0.0);
    t.add_block(ranks, n, block.data());
    out.insert(out.end(), block.begin(),
               block.begin() + static_cast<std::ptrdiff_t>(n * t.n_outputs));
  }
  t.finish(out);
  return out;
}

std::vector<double> CatboostModel::predict(const float* rows, size_t n_rows) const {
  const auto& t = *trees_;
  check(!t.ranking.has_categories(), "numbers alone score a model without categories");
  std::vector<double> out(n_rows * t.n_outputs);
  const size_t width = n_columns();
  std::vector<uint8_t> ranks(t.ranking.n_columns() * cb::kBlock);
  size_t begin = 0;
  if (n_rows >= 8 || t.steps) {
    const auto& from = t.ranking.number_columns();
    std::vector<float> numbers(from.size() * cb::kBlock);
    std::vector<double> block(cb::kBlock * t.n_outputs);
    for (; begin < n_rows; begin += cb::kBlock) {
      const size_t n = std::min(n_rows - begin, cb::kBlock);
      for (size_t i = 0; i < n; ++i) {
        const float* row = rows + (begin + i) * width;
        for (size_t f = 0; f < from.size(); ++f) numbers[f * cb::kBlock + i] = row[from[f]];
      }
      t.ranking.rank(numbers, {}, ranks.data());
      std::ranges::fill(block, 0.0);
      t.add_block(ranks, n, block.data());
      std::copy_n(block.begin(), n * t.n_outputs,
                  out.begin() + static_cast<std::ptrdiff_t>(begin * t.n_outputs));
    }
  }
  for (; begin < n_rows; ++begin) {
    t.ranking.rank_one(rows + begin * width, ranks.data());
    t.oblivious.add_row(ranks.data(), out.data() + begin * t.n_outputs);
  }
  t.finish(out);
  return out;
}

size_t CatboostModel::n_columns() const { return trees_->names.size(); }
size_t CatboostModel::n_outputs() const { return trees_->n_outputs; }
size_t CatboostModel::n_trees() const { return trees_->n_trees; }
const std::vector<std::string>& CatboostModel::names() const { return trees_->names; }
const std::vector<bool>& CatboostModel::is_category() const { return trees_->is_category; }

std::string CatboostModel::information(const std::string& key) const {
  const auto found = trees_->information.find(key);
  return found == trees_->information.end() ? "" : found->second;
}

}  // namespace slipway::models
