#include "api/login_limits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace slipway::api {
namespace {

TEST(LoginLimits, FadeWithTimeAndStayBounded) {
  LoginLimits limits;
  const auto start = LoginLimits::Clock::now();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limits.wait_s("ada", "10.0.0.1", start), 0);
    limits.failed("ada", "10.0.0.1", start);
  }
  EXPECT_EQ(limits.wait_s("ada", "10.0.0.1", start), 6);
  EXPECT_EQ(limits.wait_s("ada", "10.0.0.2", start), 0);
  EXPECT_EQ(limits.wait_s("bob", "10.0.0.1", start), 0);
  EXPECT_EQ(limits.wait_s("ada", "10.0.0.1", start + std::chrono::seconds(6)), 0);
  for (int i = 0; i < 60; ++i) limits.failed(fmt::format("u{}", i), "10.0.0.9", start);
  EXPECT_GT(limits.wait_s("anyone", "10.0.0.9", start), 0);
  for (int i = 0; i < 120; ++i) limits.failed("root", fmt::format("10.1.0.{}", i), start);
  EXPECT_GT(limits.wait_s("root", "10.2.0.1", start), 0);
}

}  // namespace
}  // namespace slipway::api
