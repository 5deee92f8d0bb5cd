#include "store/run_names.h"

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "base/id.h"
#include "base/random.h"

namespace slipway::store {
namespace {

// Common words that MLflow's own names are made of too, as its tests look at them; with the number
// at most the 20 characters that it allows.
constexpr std::array<std::string_view, 64> kAdjectives = {
    "able",     "adorable", "amazing",  "amusing",  "awesome",  "bold",     "bouncy",   "bright",
    "burly",    "calm",     "capable",  "carefree", "caring",   "casual",   "charming", "classy",
    "clean",    "clumsy",   "colorful", "dapper",   "dashing",  "dazzling", "debonair", "delicate",
    "fearless", "flawless", "funny",    "gentle",   "gifted",   "handsome", "kindly",   "learned",
    "likeable", "loud",     "luminous", "lyrical",  "melodic",  "merciful", "nimble",   "orderly",
    "peaceful", "placid",   "polite",   "popular",  "powerful", "rare",     "salty",    "serious",
    "silent",   "sincere",  "skillful", "smiling",  "stately",  "stylish",  "suave",    "tasteful",
    "trusting", "unique",   "upbeat",   "useful",   "valuable", "wise",     "youthful", "zealous"};

constexpr std::array<std::string_view, 64> kAnimals = {
    "auk",  "bat",   "bear",   "bee",     "carp",  "cat",   "cod",   "colt",  "crab",  "crane",
    "crow", "deer",  "dog",    "dolphin", "dove",  "duck",  "eel",   "elk",   "finch", "fox",
    "frog", "goat",  "goose",  "grouse",  "gull",  "hare",  "hawk",  "hen",   "horse", "jay",
    "kite", "lamb",  "lark",   "loon",    "lynx",  "mole",  "moose", "moth",  "mouse", "newt",
    "owl",  "ox",    "panda",  "penguin", "perch", "quail", "ram",   "ray",   "robin", "rook",
    "seal", "shark", "sheep",  "shrimp",  "snail", "snipe", "squid", "stork", "swan",  "tern",
    "toad", "trout", "turtle", "wren"};

}  // namespace

std::string invented_name() {
  Random random(std::stoull(random_hex(8), nullptr, 16));
  const std::string_view adjective = kAdjectives[random.below(kAdjectives.size())];
  const std::string_view animal = kAnimals[random.below(kAnimals.size())];
  return fmt::format("{}-{}-{}", adjective, animal, random.below(1000));
}

}  // namespace slipway::store
