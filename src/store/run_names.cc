#include "store/run_names.h"

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "base/id.h"
#include "base/random.h"

namespace slipway::store {
namespace {

constexpr std::array<std::string_view, 64> kAdjectives = {
    "able",    "agile",  "amber",  "ample",  "ardent", "avid",   "balmy",   "bold",
    "brave",   "breezy", "bright", "brisk",  "calm",   "candid", "clever",  "coral",
    "cosmic",  "crisp",  "daring", "deft",   "eager",  "early",  "earnest", "fair",
    "fleet",   "fond",   "gentle", "gilded", "glad",   "golden", "grand",   "hardy",
    "hazel",   "honest", "humble", "ivory",  "jolly",  "keen",   "kind",    "lively",
    "loyal",   "lucid",  "lucky",  "mellow", "merry",  "mighty", "nimble",  "noble",
    "patient", "placid", "plucky", "polite", "proud",  "quick",  "quiet",   "rapid",
    "serene",  "silver", "spry",   "steady", "sunny",  "tidy",   "valiant", "witty"};

constexpr std::array<std::string_view, 64> kAnimals = {
    "albatross", "auk",     "badger",  "beaver",   "bison",    "bittern", "bream",  "cod",
    "cormorant", "crab",    "crane",   "cuttle",   "dolphin",  "dunlin",  "eel",    "egret",
    "eider",     "falcon",  "finch",   "fulmar",   "gannet",   "goose",   "grebe",  "grouse",
    "gull",      "haddock", "heron",   "herring",  "ibis",     "kestrel", "krill",  "lark",
    "limpet",    "ling",    "lobster", "mackerel", "manatee",  "marlin",  "minnow", "mullet",
    "mussel",    "narwhal", "octopus", "orca",     "osprey",   "otter",   "oyster", "pelican",
    "penguin",   "perch",   "petrel",  "pike",     "plover",   "puffin",  "salmon", "seal",
    "shrimp",    "skua",    "snipe",   "squid",    "sturgeon", "tern",    "turtle", "walrus"};

}  // namespace

std::string invented_name() {
  Random random(std::stoull(random_hex(8), nullptr, 16));
  const std::string_view adjective = kAdjectives[random.below(kAdjectives.size())];
  const std::string_view animal = kAnimals[random.below(kAnimals.size())];
  return fmt::format("{}-{}-{}", adjective, animal, random.below(1000));
}

}  // namespace slipway::store
