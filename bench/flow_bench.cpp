// What flow costs: checking a context, cancelling one, an item through a queue, through a transform.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "flow/bounded_queue.hpp"
#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "flow/worker_pool.hpp"

namespace {

using namespace sluice::flow;

void check_context(benchmark::State& state) {
  const Cancellable scope = with_cancel(background());
  for (auto _ : state) benchmark::DoNotOptimize(scope.context.done());
}
BENCHMARK(check_context);

void make_and_cancel_child(benchmark::State& state) {
  const Cancellable root = with_cancel(background());
  for (auto _ : state) {
    Cancellable child = with_cancel(root.context);
    child.cancel();
  }
}
BENCHMARK(make_and_cancel_child);

void make_and_release_timeout(benchmark::State& state) {
  const Cancellable root = with_cancel(background());
  for (auto _ : state) {
    const Cancellable child = with_timeout(root.context, std::chrono::hours(1));
    benchmark::DoNotOptimize(&child);
  }
}
BENCHMARK(make_and_release_timeout);

void queue_round_trip(benchmark::State& state) {
  const Context root = background();
  BoundedQueue<std::uint64_t> queue(16);
  std::uint64_t item = 1;
  for (auto _ : state) {
    if (queue.send(root, item)) state.SkipWithError("send failed");
    benchmark::DoNotOptimize(queue.receive(root).item);
  }
}
BENCHMARK(queue_round_trip);

// Items per second from a source through `range` transforms to a sink.
void through_transforms(benchmark::State& state) {
  constexpr std::uint64_t kItems = 10'000;
  WorkerPool pool(2);
  for (auto _ : state) {
    Pipeline<std::uint64_t> pipeline(pool, {});
    NodeId last = pipeline.source("source", [](const Context& run, Output<std::uint64_t>& output) {
      for (std::uint64_t i = 0; i < kItems; ++i) {
        std::uint64_t item = i;
        if (Error error = output.send(run, std::move(item))) return error;
      }
      return Error();
    });
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const NodeId next =
          pipeline.transform("pass", [](const Context&, std::uint64_t&& item, Emit<std::uint64_t>& emit) {
            emit.to(0, std::move(item));
            return Error();
          });
      pipeline.connect(last, 0, next);
      last = next;
    }
    const NodeId sink = pipeline.sink("sink", [](const Context&, std::uint64_t&&) { return Error(); });
    pipeline.connect(last, 0, sink);
    if (pipeline.run(background()).error) state.SkipWithError("the pipeline failed");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kItems));
}
BENCHMARK(through_transforms)->Arg(1)->Arg(5)->Arg(50)->UseRealTime();

}  // namespace
