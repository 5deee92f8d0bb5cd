#include "tune/sampler.h"

#include "tune/tpe.h"

namespace slipway::tune {
namespace {

// Draws every point from the space's own distributions.
class RandomSampler final : public Sampler {
 public:
  RandomSampler(const Space& space, uint64_t seed) : space_(space), seed_(seed) {}

  Point propose(int64_t number, std::span<const Trial>) override {
    Random random = trial_random(seed_, number);
    return space_.sample(random);
  }

 private:
  const Space& space_;
  uint64_t seed_;
};

std::unique_ptr<Sampler> make_random(const Space& space, uint64_t seed) {
  return std::make_unique<RandomSampler>(space, seed);
}

struct Algorithm {
  std::string_view name;
  std::unique_ptr<Sampler> (*make)(const Space&, uint64_t seed);
};

constexpr Algorithm kAlgorithms[] = {
    {"random", make_random},
    {"tpe", make_tpe},
};

}  // namespace

Result<std::unique_ptr<Sampler>> make_sampler(std::string_view algorithm, const Space& space,
                                              uint64_t seed) {
  std::string names;
  for (const auto& one : kAlgorithms) {
    if (one.name == algorithm) return one.make(space, seed);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", one.name);
  }
  return fail(Code::invalid_parameter_value, "there is no algorithm '{}'; there are {}", algorithm,
              names);
}

Random trial_random(uint64_t seed, int64_t number) {
  // not consecutive starts: the generator's own seeding would let neighbours share words
  return Random(Random(seed).bits() + static_cast<uint64_t>(number) * 0xD1342543DE82EF95u);
}

}  // namespace slipway::tune
