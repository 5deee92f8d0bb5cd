#include "tune/tpe.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tune/density.h"

namespace slipway::tune {
namespace {

constexpr int64_t kStartTrials = 12;  // spread evenly, before anything is learned
constexpr size_t kGroupTrials = 5;    // below, a group of conditional parameters is drawn at random
constexpr int kCandidates = 24;
constexpr int kMixedCandidates = 8;

// Parameters that are active together: those under the same option of the same choice.
struct Group {
  int parent, parent_option;
  std::vector<size_t> members;   // indices of dimensions
  std::vector<size_t> branches;  // which members are choices that other groups depend on
  DensityRatio density;
};

class Tpe final : public Sampler {
 public:
  Tpe(const Space& space, uint64_t seed);
  Point propose(int64_t number, std::span<const Trial> history) override;

 private:
  void learn(const Trial& trial);
  Point spread(int64_t number, Random& random) const;
  void choose(Group& group, Random& random, Point& point);

  const Space& space_;
  uint64_t seed_;
  std::vector<Group> groups_;  // a choice's group comes before the groups under its options
  size_t n_learned_ = 0;
  int64_t n_finished_ = 0;
};

Tpe::Tpe(const Space& space, uint64_t seed) : space_(space), seed_(seed) {
  const auto dimensions = space.dimensions();
  std::vector<std::pair<int, int>> keys;
  for (const auto& dimension : dimensions) {
    const std::pair key(dimension.parent, dimension.parent_option);
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  }
  for (const auto& [parent, option] : keys) {
    std::vector<size_t> members;
    std::vector<const Dimension*> axes;
    for (size_t i = 0; i < dimensions.size(); ++i) {
      if (dimensions[i].parent != parent || dimensions[i].parent_option != option) continue;
      members.push_back(i);
      axes.push_back(&dimensions[i]);
    }
    std::vector<size_t> branches;
    for (size_t k = 0; k < members.size(); ++k) {
      const bool decides = std::ranges::any_of(
          keys, [&](const auto& other) { return other.first == static_cast<int>(members[k]); });
      if (decides) branches.push_back(k);
    }
    groups_.push_back(
        {parent, option, std::move(members), std::move(branches), DensityRatio(std::move(axes))});
  }
}

Point Tpe::propose(int64_t number, std::span<const Trial> history) {
  for (; n_learned_ < history.size(); ++n_learned_) learn(history[n_learned_]);
  Random random = trial_random(seed_, number);
  if (n_finished_ < kStartTrials) return spread(number, random);
  Point point(space_.dimensions().size(), std::numeric_limits<double>::quiet_NaN());
  for (auto& group : groups_) {
    if (space_.active(point, group.members.front())) choose(group, random, point);
  }
  return point;
}

void Tpe::learn(const Trial& trial) {
  if (trial.state != TrialState::finished) return;
  ++n_finished_;
  std::vector<double> coordinates;
  for (auto& group : groups_) {
    if (!space_.active(trial.point, group.members.front())) continue;
    coordinates.clear();
    for (const size_t i : group.members) coordinates.push_back(trial.point[i]);
    group.density.add(coordinates, trial.loss);
  }
}

// A Latin hypercube: of kStartTrials trials in a row, each has its own slice of every range.
Point Tpe::spread(int64_t number, Random& random) const {
  Random shuffler = trial_random(~seed_, number / kStartTrials);
  std::vector<double> slices(kStartTrials);
  const auto dimensions = space_.dimensions();
  Point point(dimensions.size(), std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < dimensions.size(); ++i) {
    std::iota(slices.begin(), slices.end(), 0.0);
    shuffler.shuffle(slices);
    if (!space_.active(point, i)) continue;
    const double share = (slices[static_cast<size_t>(number % kStartTrials)] + random.uniform()) /
                         static_cast<double>(kStartTrials);
    point[i] = dimensions[i].on_grid(dimensions[i].quantile(share));
  }
  return point;
}

void Tpe::choose(Group& group, Random& random, Point& point) {
  const auto dimensions = space_.dimensions();
  if (group.density.n_trials() < kGroupTrials) {
    for (const size_t i : group.members) point[i] = dimensions[i].draw(random);
    return;
  }
  group.density.fit();
  std::vector<double> candidate(group.members.size()), best;
  double best_score = -std::numeric_limits<double>::infinity();
  std::vector<double> drawn(group.members.size());
  group.density.draw(random, drawn);
  for (int k = 0; k < kCandidates + kMixedCandidates; ++k) {
    if (k < kCandidates) {
      group.density.draw(random, candidate);
    } else {
      group.density.draw_mixed(random, candidate);
    }
    for (const size_t branch : group.branches) candidate[branch] = drawn[branch];
    const double score = group.density.score(candidate);
    if (best.empty() || score > best_score) {
      best_score = score;
      best = candidate;
    }
  }
  for (size_t k = 0; k < best.size(); ++k) point[group.members[k]] = best[k];
}

}  // namespace

std::unique_ptr<Sampler> make_tpe(const Space& space, uint64_t seed) {
  return std::make_unique<Tpe>(space, seed);
}

}  // namespace slipway::tune
