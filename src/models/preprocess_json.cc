// The JSON form of models/preprocess.h.
#include <cmath>

#include "models/preprocess.h"

namespace slipway::models {
namespace {

constexpr int64_t kVersion = 1;

Json weekday_json(const Weekday& parts) {
  return JsonObject{{"kind", "weekday"},
                    {"name", parts.name},
                    {"year", parts.year},
                    {"month", parts.month},
                    {"day", parts.day}};
}

Result<Weekday> weekday_from(const Json& json) {
  const auto kind = TRY(text_member(json, "kind"));
  if (kind != "weekday") {
    return fail(Code::not_implemented, "preparation: derived column of kind '{}'", kind);
  }
  Weekday parts;
  parts.name = TRY(text_member(json, "name"));
  parts.year = TRY(text_member(json, "year"));
  parts.month = TRY(text_member(json, "month"));
  parts.day = TRY(text_member(json, "day"));
  return parts;
}

Json feature_json(const Preprocess::Feature& feature) {
  JsonObject json{{"name", feature.name}, {"kind", feature.is_category ? "category" : "number"}};
  if (feature.is_category) {
    json["encoding"] = feature.encoding == Encoding::codes ? "codes" : "one_hot";
    JsonArray categories;
    for (const auto& category : feature.categories) categories.emplace_back(category);
    json["categories"] = std::move(categories);
    return json;
  }
  if (feature.impute) json["impute"] = *feature.impute;
  if (feature.standardized) {
    json["mean"] = feature.mean;
    json["scale"] = feature.scale;
  }
  return json;
}

Result<Preprocess::Feature> category_from(const Json& json) {
  Preprocess::Feature feature;
  feature.is_category = true;
  const auto encoding = TRY(text_member(json, "encoding"));
  if (encoding != "codes" && encoding != "one_hot") {
    return fail(Code::not_implemented, "preparation: encoding '{}'", encoding);
  }
  feature.encoding = encoding == "codes" ? Encoding::codes : Encoding::one_hot;
  const auto* categories = TRY(array_member(json, "categories"));
  for (const auto& category : *categories) {
    if (!category.is_string()) {
      return fail(Code::invalid_parameter_value, "preparation: a category is not a string");
    }
    feature.categories.emplace_back(category.get_string());
  }
  return feature;
}

Result<Preprocess::Feature> number_from(const Json& json) {
  Preprocess::Feature feature;
  if (find(json, "impute") != nullptr) {
    feature.impute = TRY(number_member(json, "impute"));
  }
  if (find(json, "mean") != nullptr || find(json, "scale") != nullptr) {
    feature.standardized = true;
    feature.mean = TRY(number_member(json, "mean"));
    feature.scale = TRY(number_member(json, "scale"));
  }
  return feature;
}

Result<Preprocess::Feature> feature_from(const Json& json) {
  const auto kind = TRY(text_member(json, "kind"));
  if (kind != "category" && kind != "number") {
    return fail(Code::not_implemented, "preparation: feature of kind '{}'", kind);
  }
  auto feature = TRY(kind == "category" ? category_from(json) : number_from(json));
  feature.name = TRY(text_member(json, "name"));
  return feature;
}

}  // namespace

Json Preprocess::to_json() const {
  JsonArray derived;
  for (const auto& parts : weekdays_) derived.push_back(weekday_json(parts));
  JsonArray features;
  for (const auto& feature : features_) features.push_back(feature_json(feature));
  JsonArray inputs;
  for (const auto& input : inputs_) {
    inputs.push_back(JsonObject{{"name", input.name}, {"type", column_type_name(input.type)}});
  }
  return JsonObject{{"version", kVersion},
                    {"inputs", std::move(inputs)},
                    {"derived", std::move(derived)},
                    {"features", std::move(features)}};
}

Result<Preprocess> Preprocess::from_json(const Json& json) {
  const auto version = TRY(integer_member(json, "version"));
  if (version != kVersion) {
    return fail(Code::not_implemented, "preparation of version {}; this program reads {}", version,
                kVersion);
  }
  Preprocess out;
  const auto* inputs = TRY(array_member(json, "inputs"));
  auto signature = TRY(parse_signature(to_text(*inputs), ""));
  out.inputs_ = std::move(signature.inputs);
  const auto* derived = TRY(array_member(json, "derived"));
  for (const auto& item : *derived) {
    auto parts = TRY(weekday_from(item));
    out.weekdays_.push_back(std::move(parts));
  }
  const auto* features = TRY(array_member(json, "features"));
  for (const auto& item : *features) {
    auto feature = TRY(feature_from(item));
    out.features_.push_back(std::move(feature));
  }
  TRY(out.validate());
  return out;
}

}  // namespace slipway::models
