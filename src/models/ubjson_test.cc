#include "models/ubjson.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace slipway::models {
namespace {

using namespace std::string_literals;

UbjsonValue parsed(std::string_view bytes) {
  auto value = parse_ubjson(bytes);
  EXPECT_TRUE(value.ok()) << value.error().message;
  return value.ok() ? std::move(value).value() : UbjsonValue{};
}

TEST(Ubjson, ReadsEveryNumberTypeBigEndian) {
  const auto value =
      parsed("[i\xFFU\xFFI\x01\x02l\x00\x01\x00\x00L\x00\x00\x00\x01\x00\x00\x00\x00]"s);
  EXPECT_EQ(*value.numbers<int64_t>(),
            (std::vector<int64_t>{-1, 255, 258, 65536, int64_t{1} << 32}));
  const auto floats = parsed("[d\x3F\x80\x00\x00"s + "D\x40\x00\x00\x00\x00\x00\x00\x00]"s);
  EXPECT_EQ(*floats.numbers<float>(), (std::vector<float>{1, 2}));
  EXPECT_FALSE(floats.numbers<int64_t>().ok());
}

TEST(Ubjson, ReadsTypedArraysAndObjects) {
  const auto value = parsed(
      "{i\x01"
      "a[$d#i\x02\x3F\x80\x00\x00\xBF\x80\x00\x00"
      "i\x01"
      "b[#i\x02Si\x02xyT}"s);
  EXPECT_EQ(*(*value.member("a"))->numbers<float>(), (std::vector<float>{1, -1}));
  const auto& list = std::get<UbjsonValue::Array>((*value.member("b"))->data);
  EXPECT_EQ(std::get<std::string>(list[0].data), "xy");
  EXPECT_EQ(std::get<bool>(list[1].data), true);
  EXPECT_EQ(value.member("c").error().message, "'c' is missing");
}

// XGBoost before 3 writes NaN as the threshold of a category split.
TEST(Ubjson, TakesNumbersThatJsonLacks) {
  const auto value = ubjson_from(*parse_json("[1, 0.5, NaN, -Infinity]"));
  const auto numbers = value->numbers<float>();
  ASSERT_TRUE(numbers.ok()) << numbers.error().message;
  EXPECT_EQ((*numbers)[1], 0.5f);
  EXPECT_TRUE(std::isnan((*numbers)[2]));
  EXPECT_EQ((*numbers)[3], -std::numeric_limits<float>::infinity());
  EXPECT_FALSE(ubjson_from(*parse_json("[1, \"two\"]"))->numbers<float>().ok());
}

TEST(Ubjson, RefusesWhatIsNoDocument) {
  const auto message = [](std::string_view bytes) {
    const auto value = parse_ubjson(bytes);
    return value.ok() ? "" : value.error().message;
  };
  EXPECT_EQ(message(""), "not valid UBJSON at byte 0: the file ends too early");
  EXPECT_EQ(message("[i"), "not valid UBJSON at byte 2: the file ends too early");
  EXPECT_EQ(message("[]x"), "not valid UBJSON at byte 2: bytes after the end");
  EXPECT_EQ(message("Q"), "not valid UBJSON at byte 1: unknown marker");
  EXPECT_EQ(message("[Z]"), "not valid UBJSON at byte 2: unknown marker");
  EXPECT_EQ(message("[$d#L\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s),
            "not valid UBJSON at byte 13: a count is too large");
  EXPECT_EQ(message("[$d#i\x02\x00\x00\x00\x00"s),
            "not valid UBJSON at byte 6: a count is too large");
  EXPECT_EQ(message("Si\xFF"), "not valid UBJSON at byte 3: a count is too large");
  EXPECT_EQ(message("[$S#i\x01"),
            "not valid UBJSON at byte 3: a typed array of something else "
            "than numbers");
  EXPECT_EQ(message(std::string(100'000, '[')), "not valid UBJSON at byte 66: nested too deep");
}

}  // namespace
}  // namespace slipway::models
