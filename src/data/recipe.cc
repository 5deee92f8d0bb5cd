#include "data/recipe.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/text.h"

namespace slipway::data {
namespace {

constexpr size_t kLargestRecipe = 1 << 20;

// Reads a YAML tree; errors name the recipe, the line and the key.
class RecipeText {
 public:
  explicit RecipeText(std::string_view source) : source_(source) {}

  Result<Recipe> recipe(const YAML::Node& root) const {
    TRY(check_keys(root, "the recipe",
                   {"table", "types", "joins", "filter", "label", "columns", "split"}));
    Recipe out;
    out.table = TRY(text(root, "table"));
    out.types = TRY(types(root));
    if (const auto joins = root["joins"]) {
      if (!joins.IsSequence()) return wrong(joins, "'joins' is not a list");
      for (const auto& entry : joins) {
        auto one = TRY(join_entry(entry));
        out.joins.push_back(std::move(one));
      }
    }
    if (root["filter"]) out.filter = TRY(text(root, "filter"));
    if (root["label"]) out.label = TRY(label(root["label"]));
    if (root["columns"]) out.columns = TRY(texts(root, "columns"));
    if (root["split"]) out.split = TRY(split_entry(root["split"]));
    return out;
  }

 private:
  Error wrong(const YAML::Node& node, std::string_view what) const {
    const auto mark = node.Mark();
    if (mark.is_null()) return fail(Code::invalid_parameter_value, "{}: {}", source_, what);
    return fail(Code::invalid_parameter_value, "{} line {}: {}", source_, mark.line + 1, what);
  }

  Result<void> check_keys(const YAML::Node& map, std::string_view what,
                          std::initializer_list<std::string_view> accepted) const {
    if (!map.IsMap()) return wrong(map, fmt::format("{} is not a map of keys and values", what));
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
      if (std::ranges::count(accepted, key) == 0) {
        return wrong(entry.first, fmt::format("unknown key '{}' in {}; accepted: {}", key, what,
                                              join({accepted.begin(), accepted.end()}, ", ")));
      }
      if (!seen.insert(key).second) return wrong(entry.first, fmt::format("'{}' twice", key));
    }
    return {};
  }

  Result<std::string> text(const YAML::Node& map, const char* key) const {
    const auto value = map[key];
    if (!value) return wrong(map, fmt::format("'{}' is missing", key));
    if (!value.IsScalar() || value.Scalar().empty()) {
      return wrong(value, fmt::format("'{}' is not a text", key));
    }
    return value.Scalar();
  }

  Result<std::vector<std::string>> texts(const YAML::Node& map, const char* key) const {
    const auto list = map[key];
    if (!list) return wrong(map, fmt::format("'{}' is missing", key));
    if (!list.IsSequence() || list.size() == 0) {
      return wrong(list, fmt::format("'{}' is not a list of names", key));
    }
    std::vector<std::string> out;
    for (const auto& item : list) {
      if (!item.IsScalar()) return wrong(item, fmt::format("'{}' is not a list of names", key));
      out.push_back(item.Scalar());
    }
    return out;
  }

  Result<std::map<std::string, Type>> types(const YAML::Node& map) const {
    std::map<std::string, Type> out;
    const auto entries = map["types"];
    if (!entries) return out;
    if (!entries.IsMap()) return wrong(entries, "'types' is not a map of columns and types");
    for (const auto& entry : entries) {
      const auto type = type_from_name(entry.second.IsScalar() ? entry.second.Scalar() : "");
      if (!type.ok()) return wrong(entry.second, type.error().message);
      out[entry.first.Scalar()] = *type;
    }
    return out;
  }

  Result<RecipeJoin> join_entry(const YAML::Node& node) const {
    TRY(check_keys(node, "a join", {"table", "types", "on", "columns"}));
    RecipeJoin out;
    out.table = TRY(text(node, "table"));
    out.types = TRY(types(node));
    out.on = TRY(texts(node, "on"));
    const auto columns = node["columns"];
    if (!columns) return out;
    if (columns.IsMap()) {
      for (const auto& entry : columns) {
        if (!entry.second.IsScalar()) return wrong(entry.second, "a column's new name is no text");
        out.columns.emplace_back(entry.first.Scalar(), entry.second.Scalar());
      }
      return out;
    }
    const auto names = TRY(texts(node, "columns"));
    for (const auto& name : names) out.columns.emplace_back(name, name);
    return out;
  }

  Result<RecipeLabel> label(const YAML::Node& node) const {
    TRY(check_keys(node, "the label", {"name", "when"}));
    RecipeLabel out;
    out.name = TRY(text(node, "name"));
    out.when = TRY(text(node, "when"));
    return out;
  }

  Result<RecipeSplit> split_entry(const YAML::Node& node) const {
    TRY(check_keys(node, "the split", {"seed", "stratify", "parts"}));
    RecipeSplit out;
    if (node["seed"]) {
      const auto written = TRY(text(node, "seed"));
      const auto seed = to_integer(written);
      if (!seed || *seed < 0) return wrong(node["seed"], "'seed' is not a number from 0 on");
      out.seed = static_cast<uint64_t>(*seed);
    }
    if (node["stratify"]) out.stratify = TRY(text(node, "stratify"));
    const auto parts = node["parts"];
    if (!parts || !parts.IsMap() || parts.size() == 0) {
      return wrong(parts ? parts : node, "'parts' is not a map of names and fractions");
    }
    for (const auto& entry : parts) {
      const auto fraction =
          entry.second.IsScalar() ? to_number(entry.second.Scalar()) : std::nullopt;
      if (!fraction) return wrong(entry.second, "a part's fraction is not a number");
      out.parts.push_back({entry.first.Scalar(), *fraction});
    }
    return out;
  }

  std::string_view source_;
};

}  // namespace

Result<Recipe> parse_recipe(std::string_view text, const std::filesystem::path& root,
                            std::string_view source) {
  try {
    const auto tree = YAML::Load(std::string(text));
    auto recipe = TRY(RecipeText(source).recipe(tree));
    recipe.root = root;
    return recipe;
  } catch (const YAML::Exception& thrown) {
    return fail(Code::invalid_parameter_value, "{} line {}: {}", source, thrown.mark.line + 1,
                thrown.msg);
  }
}

Result<Recipe> read_recipe(const std::filesystem::path& path) {
  const auto text = TRY(read_file(path, kLargestRecipe));
  return parse_recipe(text, path.parent_path(), path.string());
}

}  // namespace slipway::data
