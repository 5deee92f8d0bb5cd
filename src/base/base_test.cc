#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/histogram.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"

namespace slipway {
namespace {

Result<int> half(int x) {
  if (x % 2) return fail(Code::invalid_parameter_value, "{} is odd", x);
  return x / 2;
}

Result<int> quarter(int x) {
  const int once = TRY(half(x));
  return half(once);
}

TEST(Result, TryGivesTheValueOrTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
}

TEST(Result, CodesMapBothWays) {
  EXPECT_EQ(http_status(Code::resource_already_exists), 400);
  EXPECT_EQ(code_from_name("RESOURCE_DOES_NOT_EXIST"), Code::resource_does_not_exist);
  EXPECT_EQ(code_from_name("NO_SUCH_CODE"), Code::internal_error);
}

TEST(JsonText, DoublesReadBackAndLookLikeDoubles) {
  EXPECT_EQ(to_text(Json(1.0)), "1.0");
  EXPECT_EQ(to_text(Json(0.1)), "0.1");
  EXPECT_EQ(to_text(Json(std::nan(""))), "\"NaN\"");
  EXPECT_EQ(to_text(Json(1e300)), "1e+300");
}

TEST(JsonText, BareNonFiniteNumbersAreTaken) {
  const auto json = parse_json(R"({"a": NaN, "b": "NaN in text", "c": -Infinity})").value();
  EXPECT_EQ(to_text(json), R"({"a": "NaN", "b": "NaN in text", "c": "-Infinity"})");
}

TEST(JsonText, DoublesReadBackToTheBit) {
  Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double value = random.uniform();
    EXPECT_EQ(parse_json(to_text(Json(value))).value().get_double(), value);
  }
}

TEST(JsonText, DepthIsBounded) {
  EXPECT_FALSE(parse_json(std::string(5000, '[') + std::string(5000, ']')).ok());
}

TEST(Text, Base64RoundTrip) {
  for (const std::string bytes : {"", "a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
  EXPECT_FALSE(base64_decode("ab=c"));
  EXPECT_FALSE(base64_decode("a"));
}

TEST(Text, PercentCodesAreDecodedOnce) {
  EXPECT_EQ(percent_decode("a%2520b"), "a%20b");
  EXPECT_FALSE(percent_decode("a%00"));
  EXPECT_FALSE(percent_decode("a%2"));
}

TEST(Text, Utf8) {
  EXPECT_TRUE(is_utf8("é€😀"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
}

TEST(Clock, Weekday) {
  EXPECT_EQ(weekday(2013, 1, 1), 1);  // a Tuesday
  EXPECT_EQ(weekday(1970, 1, 1), 3);
  EXPECT_EQ(weekday(1969, 12, 29), 0);
}

TEST(Random, EqualSeedsGiveEqualStreams) {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.bits(), b.bits());
  double sum = 0;
  for (int i = 0; i < 10000; ++i) sum += a.uniform();
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(Id, Digests) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  for (const char* piece : {"a", "", "bc"}) pieces.add(piece);
  EXPECT_EQ(pieces.hex(), sha256_hex("abc"));
  EXPECT_EQ(random_hex(16).size(), 32u);
  EXPECT_NE(random_hex(16), random_hex(16));
}

// What a thread writes to standard error while `write` runs.
std::string captured(const std::function<void()>& write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, ControlCharactersAreEscapedInBothFormats) {
  const std::string evil = "a\n2026 error forged\x1b[2J\x7f\xc2\x9b\r\"q\" \\";
  const auto text = captured([&] { log_line(Level::info, evil, {{"path", evil}}); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("a\\n2026 error forged\\x1b[2J\\x7f\\u009b\\x0d"), text.npos) << text;
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find("\xc2\x9b"), text.npos);
  set_log_format(LogFormat::json);
  const auto line = captured([&] { log_line(Level::info, evil, {{"path", evil}, {"n", 3}}); });
  set_log_format(LogFormat::text);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  EXPECT_EQ(line.find("\xc2\x9b"), line.npos);
  const auto json = parse_json(trim(line));
  ASSERT_TRUE(json.ok()) << line;
  EXPECT_EQ(text_member(*json, "message").value(), evil);
  EXPECT_EQ(text_member(*json, "path").value(), evil);
  EXPECT_EQ(integer_member(*json, "n").value(), 3);
}

TEST(Log, LinesCarryTheRequestOfTheirThread) {
  const auto text = captured([] {
    const LogRequest request("r-1");
    log(Level::info, "one");
    std::thread([] { log(Level::info, "two"); }).join();
  });
  EXPECT_NE(text.find("one request_id=r-1\n"), text.npos) << text;
  EXPECT_NE(text.find("two\n"), text.npos) << text;
  EXPECT_EQ(log_request_id(), "");
}

TEST(HistogramTest, CountsByClass) {
  Histogram histogram({0.1, 1});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        for (const double value : {0.05, 0.1, 0.5, 7.0}) histogram.add(value);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto counts = histogram.counts();
  EXPECT_EQ(counts.of_class[0], 8000u);
  EXPECT_EQ(counts.of_class[1], 4000u);
  EXPECT_EQ(counts.of_class[2], 4000u);
  EXPECT_EQ(counts.total(), 16000u);
  EXPECT_NEAR(counts.sum, 4000 * 7.65, 1e-3);
}

TEST(File, WriteReplacesWholeAndLeavesNothing) {
  const auto folder = TemporaryFolder::make().value();
  const auto path = folder.path() / "a.txt";
  ASSERT_TRUE(write_file(path, "one").ok());
  ASSERT_TRUE(write_file(path, "two").ok());
  EXPECT_EQ(read_file(path).value(), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_EQ(read_file(folder.path() / "none").error().code, Code::resource_does_not_exist);
}

// Source   RFC 4231, test case 2.
TEST(IdTest, HmacIsThatOfTheStandard) {
  std::string hex;
  for (const char c : hmac_sha256("Jefe", "what do ya want for nothing?")) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  EXPECT_EQ(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(JsonTest, AsciiTextIsAsPythonWritesIt) {
  const auto parsed =
      parse_json(R"({"b": [1.0, 1e300, 100000.5, 1e-7, true, null], "a": "é\u0001😀"})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(to_ascii_text(*parsed),
            R"({"a":"\u00e9\u0001\ud83d\ude00","b":[1.0,1e+300,100000.5,1e-07,true,null]})");
  EXPECT_EQ(to_ascii_text(*parse_json("[[], {}]")), "[[],{}]");
}

}  // namespace
}  // namespace slipway
