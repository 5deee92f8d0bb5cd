// Reads a Space from JSON; each `type` is one row of kKinds.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "base/text.h"
#include "tune/space.h"

namespace slipway::tune {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kMaxDepth = 16;

struct Kind {
  std::string_view type;
  Shape shape;
  Scale scale;
  std::vector<std::string_view> members;  // all of them are required
  std::string_view example;
};

const std::array<Kind, 11>& kinds() {
  using enum Shape;
  using enum Scale;
  static const std::array<Kind, 11> all{{
      {"uniform", uniform, linear, {"low", "high"}, R"("low": 0, "high": 1)"},
      {"loguniform", uniform, log, {"low", "high"}, R"("low": 0.01, "high": 1)"},
      {"quniform", uniform, linear, {"low", "high", "q"}, R"("low": 0, "high": 1, "q": 0.1)"},
      {"qloguniform", uniform, log, {"low", "high", "q"}, R"("low": 1, "high": 99, "q": 1)"},
      {"randint", uniform, linear, {"low", "high"}, R"("low": 3, "high": 12)"},
      {"normal", normal, linear, {"mu", "sigma"}, R"("mu": 0, "sigma": 1)"},
      {"qnormal", normal, linear, {"mu", "sigma", "q"}, R"("mu": 0, "sigma": 1, "q": 0.1)"},
      {"lognormal", normal, log, {"mu", "sigma"}, R"("mu": 0, "sigma": 1)"},
      {"qlognormal", normal, log, {"mu", "sigma", "q"}, R"("mu": 3, "sigma": 1, "q": 1)"},
      {"choice", choice, linear, {"options"}, R"("options": ["a", {"name": "b", …}])"},
      {"pchoice",
       choice,
       linear,
       {"options", "probabilities"},
       R"("options": ["a", "b"], "probabilities": [0.9, 0.1])"},
  }};
  return all;
}

const Kind* find_kind(const Json* type) {
  if (!type || !type->is_string()) return nullptr;
  const auto kind = std::ranges::find(kinds(), std::string_view(type->get_string()), &Kind::type);
  return kind == kinds().end() ? nullptr : &*kind;
}

std::string kind_names() {
  std::vector<std::string> names;
  for (const auto& kind : kinds()) names.emplace_back(kind.type);
  return join(names, ", ");
}

// What is wrong with the parameter at `where`, and a form that would be right.
Error wrong(std::string_view where, const Kind& kind, std::string_view what) {
  return fail(Code::invalid_parameter_value,
              R"(parameter '{}': {}; accepted is, for example, {{"type": "{}", {}}})", where, what,
              kind.type, kind.example);
}

using Names = std::set<std::string>;

}  // namespace

// Fills a Space; `where` is the way to the object that is read, for messages.
class SpaceReader {
 public:
  explicit SpaceReader(Space& space) : space_(space) {}

  // Read the members of one object that are active when `parent` takes `option`. Gives all names
  // in it: no two that can be active together may be equal.
  Result<Names> read(const JsonObject& members, std::string where, int parent, int option,
                     int depth) {
    Names names;
    if (depth > kMaxDepth) {
      return fail(Code::invalid_parameter_value, "parameter '{}': nested deeper than {} choices",
                  where, kMaxDepth);
    }
    for (const auto& member : members) {
      const std::string name(member.key());
      if (depth > 0 && name == "name") continue;  // it is the option's own
      const Names found =
          TRY(read_member(name, member.value(), where + name, parent, option, depth));
      for (const auto& one : found) {
        if (names.insert(one).second) continue;
        return fail(Code::invalid_parameter_value,
                    "parameter '{}{}': '{}' is there twice; only different options of one choice "
                    "may use a name again",
                    where, name, one);
      }
    }
    return names;
  }

 private:
  Result<Names> read_member(const std::string& name, const Json& json, const std::string& where,
                            int parent, int option, int depth) {
    if (!json.is_object() && !json.is_array()) {
      space_.constants_.push_back({name, json, parent, option});
      return Names{name};
    }
    const Kind* kind = find_kind(find(json, "type"));
    if (!kind) {
      return fail(Code::invalid_parameter_value,
                  "parameter '{}': {} is no distribution; accepted are a plain value or "
                  R"({{"type": …}} with one of {})",
                  where, to_text(json), kind_names());
    }
    for (const auto& member : json.get_object()) {
      const std::string_view key = member.key();
      if (key != "type" && std::ranges::find(kind->members, key) == kind->members.end()) {
        return wrong(where, *kind, fmt::format("'{}' has no place in it", key));
      }
    }
    Dimension dimension;
    dimension.name = name;
    dimension.shape = kind->shape;
    dimension.scale = kind->scale;
    dimension.parent = parent;
    dimension.parent_option = option;
    if (kind->shape == Shape::choice)
      return read_choice(std::move(dimension), json, *kind, where, depth);
    TRY(read_numbers(dimension, json, *kind, where));
    space_.dimensions_.push_back(std::move(dimension));
    return Names{name};
  }

  static Result<void> read_numbers(Dimension& dimension, const Json& json, const Kind& kind,
                                   const std::string& where) {
    std::vector<double> numbers;
    for (const auto member : kind.members) {
      const Json* number = find(json, member);
      if (!number || !number->is_number() || !std::isfinite(number->to_number<double>())) {
        return wrong(where, kind, fmt::format("'{}' is missing or is not a number", member));
      }
      numbers.push_back(number->to_number<double>());
    }
    if (numbers.size() == 3) dimension.step = numbers[2];
    if (numbers.size() == 3 && !(dimension.step > 0)) {
      return wrong(where, kind, fmt::format("'q' must be above 0, not {}", dimension.step));
    }
    if (kind.type == "randint") {
      dimension.step = 1;
      if (numbers[0] != std::floor(numbers[0]) || numbers[1] != std::floor(numbers[1])) {
        return wrong(where, kind, "'low' and 'high' must be integers");
      }
    }
    if (kind.shape == Shape::uniform) return set_range(dimension, numbers, kind, where);
    return set_normal(dimension, numbers, kind, where);
  }

  static Result<void> set_range(Dimension& dimension, const std::vector<double>& numbers,
                                const Kind& kind, const std::string& where) {
    double low = numbers[0], high = numbers[1];
    const double step = dimension.step;
    if (!(low < high)) {
      return wrong(where, kind,
                   fmt::format("'low' must be below 'high', not {} and {}", low, high));
    }
    if (kind.scale == Scale::log && !(low > 0)) {
      return wrong(where, kind, fmt::format("'low' must be above 0, not {}", low));
    }
    if (step > 0) {  // with a little room, for 0.3 / 0.1 is below 3
      low = std::ceil(low / step - 1e-9) * step;
      high = std::floor(high / step + 1e-9) * step;
    }
    if (low > high) {
      return wrong(where, kind, fmt::format("no multiple of {} lies in the range", step));
    }
    dimension.low = low;
    dimension.high = high;
    const bool is_log = kind.scale == Scale::log;
    const double from = low - step / 2, to = high + step / 2;
    dimension.origin = is_log ? std::log(from) : from;
    dimension.width = (is_log ? std::log(to) : to) - dimension.origin;
    return {};
  }

  static Result<void> set_normal(Dimension& dimension, const std::vector<double>& numbers,
                                 const Kind& kind, const std::string& where) {
    if (!(numbers[1] > 0)) {
      return wrong(where, kind, fmt::format("'sigma' must be above 0, not {}", numbers[1]));
    }
    dimension.origin = numbers[0];
    dimension.width = numbers[1];
    dimension.low = -kInfinity;
    dimension.high = kInfinity;
    if (kind.scale == Scale::log) {  // a log needs a number above 0, also after rounding
      dimension.low = dimension.step > 0 ? dimension.step : std::numeric_limits<double>::min();
    }
    return {};
  }

  Result<Names> read_choice(Dimension dimension, const Json& json, const Kind& kind,
                            const std::string& where, int depth) {
    const Json* options = find(json, "options");
    if (!options || !options->is_array() || options->get_array().empty()) {
      return wrong(where, kind, "'options' must be a list with at least one element");
    }
    const size_t n_options = options->get_array().size();
    dimension.probabilities.assign(n_options, 1.0 / static_cast<double>(n_options));
    if (kind.type == "pchoice") {
      TRY(read_probabilities(dimension, find(json, "probabilities"), kind, where));
    }
    Names labels;
    for (size_t i = 0; i < n_options; ++i) {
      const Json& option = options->get_array()[i];
      const Json* label = option.is_object() ? find(option, "name") : &option;
      dimension.options.push_back(label ? *label : Json(i));
      const Json& used = dimension.options.back();
      if (used.is_object() || used.is_array() || !labels.insert(to_text(used)).second) {
        return wrong(where, kind,
                     fmt::format("option {} is neither a plain value nor an object with a name "
                                 "of its own",
                                 to_text(option)));
      }
    }
    const int index = static_cast<int>(space_.dimensions_.size());
    Names names{dimension.name};
    space_.dimensions_.push_back(std::move(dimension));
    for (size_t i = 0; i < n_options; ++i) {
      const Json& option = options->get_array()[i];
      if (!option.is_object()) continue;
      const auto way = fmt::format("{}.options[{}].", where, i);
      Names found = TRY(read(option.get_object(), way, index, static_cast<int>(i), depth + 1));
      if (found.contains(space_.dimensions_[static_cast<size_t>(index)].name)) {
        return wrong(where, kind, "an option uses the name of the choice itself");
      }
      names.merge(found);
    }
    return names;
  }

  static Result<void> read_probabilities(Dimension& dimension, const Json* json, const Kind& kind,
                                         const std::string& where) {
    const Error error = wrong(where, kind,
                              "'probabilities' must be as many numbers as there are options, all "
                              "above 0 and 1 together");
    if (!json || !json->is_array()) return error;
    const auto& items = json->get_array();
    if (items.size() != dimension.probabilities.size()) return error;
    double sum = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      if (!items[i].is_number() || !(items[i].to_number<double>() > 0)) return error;
      dimension.probabilities[i] = items[i].to_number<double>();
      sum += dimension.probabilities[i];
    }
    if (std::abs(sum - 1) > 1e-6) return error;
    for (double& probability : dimension.probabilities) probability /= sum;
    return {};
  }

  Space& space_;
};

Result<Space> Space::parse(const Json& json) {
  if (!json.is_object() || json.get_object().empty()) {
    return fail(Code::invalid_parameter_value,
                "a search space is an object of parameters, such as "
                R"({{"max_depth": {{"type": "randint", "low": 3, "high": 12}}}})");
  }
  Space space;
  TRY(SpaceReader(space).read(json.get_object(), "", -1, -1, 0));
  if (space.dimensions_.empty()) {
    return fail(Code::invalid_parameter_value, "there is nothing to search: all of {} is constant",
                to_text(json));
  }
  return space;
}

}  // namespace slipway::tune
