// What a transform held back leaves it at the end of its input.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "flow/worker_pool.hpp"

namespace sluice::flow {
namespace {

using Ints = Pipeline<int>;

// 0 .. count - 1 through a transform that holds everything back, and a second one that passes on what the first
// finishes with.
struct HoldingPipeline {
  HoldingPipeline(int count, TransformOptions options, Ints::TransformFinishFunction finish) {
    const NodeId read = pipeline.source("read", [count](const Context&, Output<int>& output) -> Error {
      for (int i = 0; i < count; ++i) {
        if (Error error = output.send(output.drain_context(), int{i})) return error;
      }
      return {};
    });
    const NodeId hold = pipeline.transform(
        "hold",
        [this](const Context&, int&& item, Emit<int>&) -> Error {
          held += item;
          return {};
        },
        options, std::move(finish));
    const NodeId pass = pipeline.transform("pass", [](const Context&, int&& item, Emit<int>& emit) -> Error {
      emit.to(0, std::move(item));
      return {};
    });
    const NodeId write = pipeline.sink("write", [this](const Context&, int&& item) -> Error {
      written.push_back(item);
      return {};
    });
    pipeline.connect(read, 0, hold);
    pipeline.connect(hold, 0, pass);
    pipeline.connect(pass, 0, write);
  }

  WorkerPool pool{2};
  Ints pipeline{pool, {.queue_capacity = 2}};
  std::atomic<int> held{0};
  std::vector<int> written;
};

TEST(TransformFinish, ComesAfterTheLastItemAndBeforeTheOutputsClose) {
  for (const Ordering ordering : {Ordering::serial, Ordering::preserve, Ordering::relaxed}) {
    int calls = 0;
    HoldingPipeline holding(1000, {.ordering = ordering}, nullptr);
    HoldingPipeline* const self = &holding;
    HoldingPipeline finished(1000, {.ordering = ordering}, [&](const Context&, Emit<int>& emit) -> Error {
      ++calls;
      emit.to(0, self->held.load());
      return {};
    });
    EXPECT_FALSE(holding.pipeline.run(background()).error);
    EXPECT_TRUE(holding.written.empty());
    EXPECT_FALSE(finished.pipeline.run(background()).error);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(finished.written, std::vector<int>{1000 * 999 / 2});
  }
}

TEST(TransformFinish, MayPassOnMoreThanTheQueuesHold) {
  HoldingPipeline holding(3, {.ordering = Ordering::serial}, [](const Context&, Emit<int>& emit) -> Error {
    for (int i = 0; i < 100; ++i) emit.to(0, int{i});
    return {};
  });
  EXPECT_FALSE(holding.pipeline.run(background()).error);
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(holding.written, expected);
}

TEST(TransformFinish, IsCalledWithoutAnyInput) {
  HoldingPipeline holding(0, {.ordering = Ordering::serial}, [](const Context&, Emit<int>& emit) -> Error {
    emit.to(0, 7);
    return {};
  });
  EXPECT_FALSE(holding.pipeline.run(background()).error);
  EXPECT_EQ(holding.written, std::vector<int>{7});
}

TEST(TransformFinish, FailsThePipelineByAnErrorOrAnException) {
  HoldingPipeline failing(5, {}, [](const Context&, Emit<int>&) -> Error {
    return {std::errc::io_error, "nothing to finish with"};
  });
  const Outcome outcome = failing.pipeline.run(background());
  EXPECT_EQ(outcome.failed_node, "hold");
  EXPECT_NE(outcome.error.message().find("nothing to finish with"), std::string::npos);

  HoldingPipeline throwing(5, {}, [](const Context&, Emit<int>&) -> Error { throw std::runtime_error("thrown"); });
  EXPECT_NE(throwing.pipeline.run(background()).error.message().find("thrown"), std::string::npos);
}

TEST(TransformFinish, IsNotCalledWhenTheDrainIsCutShort) {
  bool called = false;
  HoldingPipeline holding(5, {}, [&](const Context&, Emit<int>&) -> Error {
    called = true;
    return {};
  });
  holding.pipeline.abandon();
  const Outcome outcome = holding.pipeline.run(background());
  EXPECT_TRUE(outcome.abandoned);
  // abandon() may come when the five have gone through already; nothing may be written after a drain that was cut.
  if (!called) {
    EXPECT_TRUE(holding.written.empty());
  }
}

}  // namespace
}  // namespace sluice::flow
