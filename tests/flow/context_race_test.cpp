// What Go's suite asserts of contexts that are cancelled from many sides at once.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <latch>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "context_support.hpp"
#include "flow/context.hpp"

namespace sluice::flow {
namespace {

using test::error_name;
using test::kLong;
using test::kSoon;
using namespace std::chrono_literals;

TEST(Context, SimultaneousCancels) {
  const Context root = background();
  auto parent = with_cancel(root);
  std::vector<Cancellable> contexts;
  contexts.push_back(with_cancel(root));
  for (int i = 0; i < 49; ++i) contexts.push_back(with_cancel(contexts.back().context));
  for (int i = 0; i < 50; ++i) contexts.push_back(with_cancel(parent.context));
  std::latch start(static_cast<std::ptrdiff_t>(contexts.size()));
  std::vector<std::thread> threads;
  for (Cancellable& each : contexts) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      each.cancel();
    });
  }
  for (const Cancellable& each : contexts) EXPECT_TRUE(each.context.wait_for(kSoon));
  for (std::thread& thread : threads) thread.join();
  for (const Cancellable& each : contexts) EXPECT_EQ(error_name(each.context), "canceled");
}

TEST(Context, InterlockedCancels) {
  // Shared with the functions, which may still run when the test has seen what it wants to see.
  const auto parent = std::make_shared<Cancellable>(with_cancel(background()));
  const auto child = std::make_shared<Cancellable>(with_cancel(parent->context));
  const AfterFunc up = after_func(child->context, [parent] { parent->cancel(); });
  const AfterFunc down = after_func(parent->context, [child] { child->cancel(); });
  const OnDone hook_up(child->context, [&] { parent->cancel(); });
  const OnDone hook_down(parent->context, [&] { child->cancel(); });
  std::thread one([&] { parent->cancel(); });
  std::thread two([&] { child->cancel(); });
  EXPECT_TRUE(child->context.wait_for(kSoon));
  EXPECT_TRUE(parent->context.wait_for(kSoon));
  one.join();
  two.join();
}

// A cancel must not return before all descendants are done, whoever got there first.
TEST(Context, EveryCancellerMayCountOnTheDescendants) {
  const Context root = background();
  for (int round = 0; round < 200; ++round) {
    auto parent = with_cancel(root);
    std::vector<Cancellable> line;
    line.push_back(with_cancel(parent.context));
    for (int i = 0; i < 30; ++i) line.push_back(with_cancel(line.back().context));
    std::barrier start(3);
    const auto cancel_and_look = [&](Cancellable& which) {
      start.arrive_and_wait();
      which.cancel();
      EXPECT_TRUE(line.back().context.done());
    };
    std::thread one(cancel_and_look, std::ref(parent));
    std::thread two(cancel_and_look, std::ref(parent));
    std::thread three(cancel_and_look, std::ref(line[10]));
    one.join();
    two.join();
    three.join();
  }
}

TEST(Context, WithCancelSimultaneouslyCanceledParent) {
  const Context root = background();
  for (int round = 0; round < 500; ++round) {
    auto parent = with_cancel(root);
    std::barrier start(2);
    std::thread canceller([&] {
      start.arrive_and_wait();
      parent.cancel();
    });
    start.arrive_and_wait();
    auto child = with_cancel(parent.context);
    auto timed = with_timeout(parent.context, kLong);
    ASSERT_TRUE(child.context.wait_for(kSoon));
    ASSERT_TRUE(timed.context.wait_for(kSoon));
    EXPECT_EQ(error_name(child.context), "canceled");
    EXPECT_EQ(error_name(timed.context), "canceled");
    canceller.join();
  }
}

TEST(Context, CauseRace) {
  const Context root = background();
  for (int round = 0; round < 50; ++round) {
    auto context = with_cancel(root);
    auto child = with_cancel(context.context);
    std::latch start(8);
    std::vector<std::thread> threads;
    std::array<std::string, 4> seen;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        context.cancel(Error(Errc::canceled, "thread " + std::to_string(i)));
      });
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        child.context.wait();
        EXPECT_EQ(error_name(child.context), "canceled");
        seen[static_cast<std::size_t>(i)] = child.context.cause().message();
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& each : seen) EXPECT_EQ(each, context.context.cause().message());
    EXPECT_EQ(seen[0].substr(0, 7), "thread ");
  }
}

template <int N>
struct LayerKey {
  using Type = int;
};

// A stack of random layers over a cancellable or timed base, and a second handle on some of them.
class Layers {
 public:
  Layers(std::uint32_t seed, bool timed) : random_(seed), timed_(timed) {
    add(timed ? with_timeout(background(), 10ms + std::chrono::milliseconds(random_() % 20))
              : with_cancel(background()));
    for (int i = 0; i < 40; ++i) add_layer();
  }
  const Context& top() const { return contexts_.back(); }
  Cancellable& base() { return cancellables_.front(); }
  const std::vector<Context>& contexts() const { return contexts_; }
  int expected(int key) const { return expected_.at(static_cast<std::size_t>(key)); }

  int read(int key) const {
    const int* value = key == 0   ? top().value<LayerKey<0>>()
                       : key == 1 ? top().value<LayerKey<1>>()
                                  : top().value<LayerKey<2>>();
    return value == nullptr ? -1 : *value;
  }

 private:
  void add(Cancellable layer) {
    contexts_.push_back(layer.context);
    cancellables_.push_back(std::move(layer));
  }
  template <int N>
  void add_value() {
    const int value = static_cast<int>(random_() % 1000);
    expected_[N] = value;
    contexts_.push_back(with_value<LayerKey<N>>(top(), value));
  }
  void add_layer() {
    switch (random_() % 5) {
      case 0:
        return add(with_cancel(top()));
      case 1:
        return add(timed_ ? with_timeout(top(), 20ms) : with_timeout(top(), kLong));
      case 2:
        return add_value<0>();
      case 3:
        return add_value<1>();
      default:
        return add_value<2>();
    }
  }

  std::mt19937 random_;
  bool timed_;
  std::vector<Context> contexts_;
  std::vector<Cancellable> cancellables_;
  std::array<int, 3> expected_{-1, -1, -1};
};

void expect_values(const Layers& layers) {
  for (int key = 0; key < 3; ++key) EXPECT_EQ(layers.read(key), layers.expected(key));
}

TEST(Context, LayersCancel) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Layers layers(seed, false);
    expect_values(layers);
    for (const Context& context : layers.contexts()) EXPECT_FALSE(context.done()) << context.describe();
    layers.base().cancel();
    for (const Context& context : layers.contexts()) EXPECT_EQ(error_name(context), "canceled") << context.describe();
    EXPECT_EQ(layers.base().context.child_count(), 0u);
    expect_values(layers);
  }
}

TEST(Context, LayersTimeout) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Layers layers(seed, true);
    ASSERT_TRUE(layers.top().wait_for(kSoon));
    ASSERT_TRUE(layers.base().context.wait_for(kSoon));
    for (const Context& context : layers.contexts()) {
      EXPECT_EQ(error_name(context), "deadline_exceeded") << context.describe();
    }
    EXPECT_EQ(layers.base().context.child_count(), 0u);
    expect_values(layers);
  }
}

// Everything at once on one small tree, so that tsan and asan see the interleavings.
TEST(Context, SurvivesRandomUseFromManyThreads) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const Context root = background();
  for (std::uint32_t round = 0; round < 40; ++round) {
    auto base = with_timeout(root, 5ms);
    const auto ran = std::make_shared<std::atomic<int>>(0);  // functions may still run after this round
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, random = std::mt19937(seed + round * 4 + t)]() mutable {
        std::vector<Cancellable> mine;
        std::vector<AfterFunc> afters;
        std::optional<OnDone> hook;
        for (int i = 0; i < 60; ++i) {
          const Context parent =
              mine.empty() || random() % 3 == 0 ? base.context : mine[random() % mine.size()].context;
          switch (random() % 7) {
            case 0:
              mine.push_back(with_cancel(parent));
              break;
            case 1:
              mine.push_back(with_timeout(parent, std::chrono::microseconds(random() % 2000)));
              break;
            case 2:
              afters.push_back(after_func(parent, [ran, parent] { *ran += parent.done() ? 1 : 0; }));
              break;
            case 3:
              if (!mine.empty()) mine[random() % mine.size()].cancel();
              break;
            case 4:
              if (!afters.empty()) afters.erase(afters.begin() + static_cast<std::ptrdiff_t>(random() % afters.size()));
              break;
            case 5:
              hook.emplace(parent, [ran] { ++*ran; });
              break;
            default:
              if (!mine.empty()) mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(random() % mine.size()));
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    base.cancel();
    EXPECT_EQ(base.context.child_count(), 0u);
  }
}

}  // namespace
}  // namespace sluice::flow
