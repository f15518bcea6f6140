#include "flow/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/scale.hpp"

namespace sluice::flow {
namespace {

TEST(WorkerPool, RunsEveryTaskThatWasSubmitted) {
  WorkerPool pool(4);
  std::atomic<std::size_t> runs = 0;
  const std::size_t tasks = test::scaled(20'000);
  for (std::size_t i = 0; i < tasks; ++i) {
    pool.submit([&] {
      ++runs;
      pool.submit([&] { ++runs; });
    });
  }
  EXPECT_FALSE(pool.wait_idle());
  EXPECT_EQ(runs, 2 * tasks);
  EXPECT_EQ(pool.outstanding(), 0u);
  EXPECT_EQ(pool.executed(), 2 * tasks);
}

TEST(WorkerPool, HasThreadsForAllItsWorkersAtOnce) {
  for (const std::size_t workers : {1u, 2u, 5u}) {
    WorkerPool pool(workers);
    EXPECT_EQ(pool.workers(), workers);
    std::barrier meeting(static_cast<std::ptrdiff_t>(workers));
    for (std::size_t i = 0; i < workers; ++i) pool.submit([&] { meeting.arrive_and_wait(); });
    EXPECT_FALSE(pool.wait_idle());  // comes back only if all were there together
  }
}

TEST(WorkerPool, NeverRunsMoreTasksAtOnceThanItHasWorkers) {
  WorkerPool pool(3);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  for (std::size_t i = 0; i < test::scaled(5000); ++i) {
    pool.submit([&] {
      const int now = ++running;
      int before = most;
      while (before < now && !most.compare_exchange_weak(before, now)) {
      }
      std::this_thread::yield();
      --running;
    });
  }
  EXPECT_FALSE(pool.wait_idle());
  EXPECT_LE(most, 3);
}

TEST(WorkerPool, ZeroMeansAsManyWorkersAsTheProcessMayUse) { EXPECT_GE(WorkerPool(0).workers(), 1u); }

TEST(WorkerPool, NeverRunsATaskOnTheStackOfItsSubmitter) {
  WorkerPool pool(1);
  std::thread::id ran_on;
  bool inner_ran = false;
  EXPECT_FALSE(pool.on_pool_thread());
  pool.submit([&] {
    ran_on = std::this_thread::get_id();
    EXPECT_TRUE(pool.on_pool_thread());
    pool.submit([&] { inner_ran = true; });
    EXPECT_FALSE(inner_ran);
  });
  EXPECT_FALSE(pool.wait_idle());
  EXPECT_TRUE(inner_ran);
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(WorkerPool, RunsWhatATaskSubmittedLastFirst) {
  WorkerPool pool(1);
  std::vector<int> order;
  pool.submit([&] {
    for (int i = 0; i < 3; ++i) pool.submit([&order, i] { order.push_back(i); });
  });
  EXPECT_FALSE(pool.wait_idle());
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

TEST(WorkerPool, DestructorWaitsForTasksAndForTheTasksOfTasks) {
  std::atomic<int> runs = 0;
  {
    WorkerPool pool(2);
    for (int i = 0; i < 100; ++i) {
      pool.submit([&] {
        ++runs;
        pool.submit([&] { ++runs; });
      });
    }
  }
  EXPECT_EQ(runs, 200);
}

TEST(WorkerPool, ReportsAnExceptionOnceAndGoesOn) {
  WorkerPool pool(2);
  std::atomic<int> runs = 0;
  pool.submit([] { throw std::runtime_error("broken task"); });
  pool.submit([&] { ++runs; });
  EXPECT_EQ(pool.wait_idle().message(), "broken task");
  pool.submit([&] { ++runs; });
  EXPECT_FALSE(pool.wait_idle());
  EXPECT_EQ(runs, 2);
}

TEST(WorkerPool, TasksSeeWhatTheirSubmitterWrote) {
  WorkerPool pool(2);
  std::vector<int> values(1000);  // plain memory: thread sanitizer watches
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 1;
    pool.submit([&values, i] { values[i] += 1; });
  }
  EXPECT_FALSE(pool.wait_idle());
  for (const int value : values) EXPECT_EQ(value, 2);
}

TEST(WorkerPool, MeasuresTheTimeSpentInTasks) {
  WorkerPool pool(1);
  EXPECT_EQ(pool.busy().count(), 0);
  pool.submit([] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < end) {
    }
  });
  EXPECT_FALSE(pool.wait_idle());
  EXPECT_GE(pool.busy(), std::chrono::milliseconds(2));
}

}  // namespace
}  // namespace sluice::flow
