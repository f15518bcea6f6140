// One program serves many threads.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "expression_fixture.hpp"

namespace sluice::test {
namespace {

TEST(ExpressionThreads, OneProgramServesManyThreads) {
  record::FieldTable table;
  const auto compiled = expression::compile(
      "path.matches('^/api/[a-z]+/[0-9]+$') && level in ['a', 'b', 'c', 'd', 'e', 'f'] && "
      "timestamp(ts).getHours(zone) == 5 && tags.exists(t, t + '!' == 'x!') && missing.?a.hasValue() || size(record) "
      "== 5",
      table);
  ASSERT_TRUE(compiled) << errors_text(compiled.errors);
  std::atomic<int> matched = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          JsonRecord holder(
              R"({"path":"/api/users/42","level":"f","ts":"2024-02-29T23:30:00Z","zone":"Asia/Kolkata","tags":["y","x"]})",
              table);
          record::Arena arena;
          if (compiled.program->matches(holder.record(), arena)) ++matched;
        }
      });
    }
  }
  EXPECT_EQ(matched, 400);
}

}  // namespace
}  // namespace sluice::test
