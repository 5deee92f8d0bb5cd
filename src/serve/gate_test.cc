#include "serve/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace slipway::serve {
namespace {

TEST(Gate, WithoutALimitAllComeIn) {
  Gate gate;
  std::vector<Gate::Pass> inside;
  for (int i = 0; i < 100; ++i) {
    auto pass = gate.enter();
    ASSERT_TRUE(pass);
    inside.push_back(std::move(*pass));
  }
}

TEST(Gate, BeyondTheLimitAndTheQueueNobodyWaits) {
  Gate gate;
  gate.limit({1, 0, 60'000});
  const auto inside = gate.enter();
  ASSERT_TRUE(inside);
  const Stopwatch watch;
  EXPECT_FALSE(gate.enter());
  EXPECT_LT(watch.seconds(), 30);
}

TEST(Gate, WaitsNoLongerThanTheLimitSays) {
  Gate gate;
  gate.limit({1, 1, 20});
  const auto inside = gate.enter();
  const Stopwatch watch;
  EXPECT_FALSE(gate.enter());
  EXPECT_GE(watch.seconds(), 0.019);
}

TEST(Gate, AtMostSoManyAreInsideAndAllGetTheirTurn) {
  Gate gate;
  gate.limit({3, 16, 60'000});
  std::atomic<int> n_inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> n_passed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 50; ++turn) {
        const auto pass = gate.enter();
        if (!pass) continue;
        const int now = ++n_inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        --n_inside;
        ++n_passed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(n_passed.load(), 16 * 50);
}

TEST(Gate, ARaisedLimitLetsThoseInWhoWait) {
  Gate gate;
  gate.limit({1, 1, 60'000});
  const auto inside = gate.enter();
  std::atomic<bool> came = false;
  std::thread waiting([&] { came = gate.enter().has_value(); });
  gate.limit({2, 1, 60'000});
  waiting.join();
  EXPECT_TRUE(came.load());
}

}  // namespace
}  // namespace slipway::serve
