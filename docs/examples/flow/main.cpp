// Sums the squares of 1..N in a pipeline: a source, a transform on the worker pool, a sink. Ctrl-C drains and ends it.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "flow/context.hpp"
#include "flow/pipeline.hpp"
#include "flow/signals.hpp"
#include "flow/worker_pool.hpp"

namespace flow = sluice::flow;
using Numbers = std::vector<std::uint64_t>;  // items are batches: a queue costs the same for one number or a thousand

int main(int argc, char** argv) {
  const std::uint64_t last = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  auto root = flow::notify_context(flow::background(), {SIGINT, SIGTERM});
  flow::WorkerPool pool(2);
  flow::Pipeline<Numbers> pipeline(pool, {});

  const auto count = pipeline.source("count", [&](const flow::Context& run, flow::Output<Numbers>& output) {
    Numbers batch;
    for (std::uint64_t number = 1; number <= last && !run.done(); ++number) {
      batch.push_back(number);
      if (batch.size() < 100 && number != last) continue;
      // What was made is sent even if Ctrl-C comes now: the drain context outlives the run context.
      if (flow::Error error = output.send(output.drain_context(), std::move(batch))) return error;
      batch.clear();
    }
    return flow::Error();
  });
  const auto square =
      pipeline.transform("square", [](const flow::Context&, Numbers&& numbers, flow::Emit<Numbers>& emit) {
        for (auto& number : numbers) number *= number;
        emit.to(0, std::move(numbers));
        return flow::Error();
      });
  std::uint64_t total = 0;  // only the sink's thread touches it until run() returns
  const auto sum = pipeline.sink("sum", [&](const flow::Context&, Numbers&& squares) {
    for (const auto number : squares) total += number;
    return flow::Error();
  });
  pipeline.connect(count, 0, square);
  pipeline.connect(square, 0, sum);

  const flow::Outcome outcome = pipeline.run(root.context);
  if (outcome.error) {
    std::cerr << outcome.failed_node << ": " << outcome.error.message() << '\n';
    return EXIT_FAILURE;
  }
  if (outcome.cause) std::cerr << "stopped: " << outcome.cause.message() << '\n';
  std::cout << total << '\n';
}
