#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "flow/pipeline_types.hpp"
#include "flow/worker_pool.hpp"

// A pipeline is a graph of nodes joined by bounded queues, on a worker pool, under one context.
//
//     flow::WorkerPool pool(4);
//     flow::Pipeline<Batch> pipeline(pool, {.queue_capacity = 16, .grace = 30s}, hooks);
//     auto read = pipeline.source("read", [&](const Context& run, Output<Batch>& out) { ... });
//     auto parse = pipeline.transform("parse", [&](const Context& drain, Batch&& in, Emit<Batch>& emit) { ... });
//     auto write = pipeline.sink("write", [&](const Context& drain, Batch&& batch) { ... });
//     pipeline.connect(read, 0, parse);
//     pipeline.connect(parse, 0, write);
//     flow::Outcome outcome = pipeline.run(root);
//
// **Threads.** Sources and sinks may block in system calls, so each has a named thread of its own. Transforms have
// none: they are tasks on the pool. No pool thread ever waits: a transform whose input is empty or whose output is full
// is parked (no task, no thread), and becomes a task again when an item arrives or room appears.
//
// **Stopping.** Sources run under a run context, a child of the root given to run(). Transforms and sinks run under a
// drain context, which the root's cancellation does not reach. When the root is cancelled, the sources return, and
// every node drains its input, then closes its outputs; sinks finish. When that takes longer than `grace`, when
// abandon() is called, or when a node fails, the drain context is cancelled: no function is called with a new item any
// more, every item the pipeline still holds is handed to Hooks::on_abandoned exactly once, and run() returns when all
// functions have. The pipeline cannot interrupt a function that ignores its context: run() waits for it.
//
// **Items.** T needs to be movable only. Whoever takes an item by T&& owns it: an item that a transform or a sink
// was given is its own to account for, also when it returns an error or throws.
// Sent + copied = consumed by transforms and sinks + unrouted + abandoned, for every graph and every way of stopping.
namespace sluice::flow {

template <class T>
class Pipeline;
namespace detail {
template <class T>
class TransformNode;
template <class T>
class SourceNode;
template <class T>
struct Emission;
}  // namespace detail

// What the pipeline asks of, and tells, its owner. Every function but `clone` must not throw, may be left empty
// (on_copied, on_unrouted, on_abandoned: the item is then just destroyed), must not block, and must be safe to
// call from several threads at once.
template <class T>
struct Hooks {
  // Copies an item for the second and further readers of one port. Required if any port has several readers.
  std::function<T(const T&)> clone;
  // A copy of `original` is about to go into the queue of `reader`. Called first, so that the books balance at any
  // time.
  std::function<void(NodeId reader, const T& original)> on_copied;
  // `from` emitted an item to a port that nobody reads.
  std::function<void(NodeId from, std::size_t port, T&& item)> on_unrouted;
  // The drain was cut short while `holder` had the item: in its input queue, or among results not yet passed on.
  std::function<void(NodeId holder, T&& item)> on_abandoned;
};

// Where a source puts its items. Belongs to the pipeline; used only on the source's thread.
template <class T>
class Output {
 public:
  // Puts `item` into the queue of every reader of `port`, waiting while one is full. Returns no error when done, and
  // `item` is moved from. Otherwise ctx was done (the error is its cause) or the drain was cut short (the error is the
  // drain context's cause): `item` is untouched and still the caller's to account for; readers that had already got a
  // copy keep it, and the copy was counted.
  // When the run context is cancelled, what the source has already accepted is sent under drain_context().
  [[nodiscard]] Error send(const Context& ctx, T&& item, std::size_t port = 0);

  // True when no reader of any port has anything queued: a batch that is not full yet had better go now.
  [[nodiscard]] bool downstream_idle() const noexcept;

  // The context of everything after the sources; lives on when the run context is cancelled, until the drain ends.
  [[nodiscard]] const Context& drain_context() const noexcept;

 private:
  friend class detail::SourceNode<T>;
  explicit Output(detail::SourceNode<T>& node) : node_(node) {}
  detail::SourceNode<T>& node_;
};

// Where a transform puts its results for one input. Valid during the call only; not thread-safe.
// Results go on when the function has returned, and in the order in which they were emitted.
template <class T>
class Emit {
 public:
  // Emits `item` to the readers of `port`; if there are none, to Hooks::on_unrouted. Never blocks.
  void to(std::size_t port, T&& item);

 private:
  friend class detail::TransformNode<T>;
  explicit Emit(std::vector<detail::Emission<T>>& emissions) : emissions_(emissions) {}
  std::vector<detail::Emission<T>>& emissions_;
};

template <class T>
class Pipeline {
 public:
  // Produces items until there are no more, or until run_context is done; then returns. An error that is merely an
  // interruption (run_context is done, and the error is its cause, `canceled` or `deadline_exceeded`) is no failure.
  using SourceFunction = std::function<Error(const Context& run_context, Output<T>& output)>;
  // Works on one item. Called from pool threads, for several items at once unless serial. Must not block. An error
  // fails the pipeline, as does an exception; what it had emitted is then abandoned or still finds its way.
  using TransformFunction = std::function<Error(const Context& drain_context, T&& item, Emit<T>& emit)>;
  // Called once on the pool after the last item of a clean drain has left the transform, before its outputs close: for
  // what it held back. Not called if the drain was cut short. An error fails the pipeline.
  using TransformFinishFunction = std::function<Error(const Context& drain_context, Emit<T>& emit)>;
  // Consumes one item, on the sink's thread. May block, under drain_context. An error fails the pipeline.
  using SinkFunction = std::function<Error(const Context& drain_context, T&& item)>;
  // Called once on the sink's thread after the last item of a clean drain: flush, sync. Not called if the drain was cut
  // short or the sink failed.
  using FinishFunction = std::function<Error(const Context& drain_context)>;

  // The pool must outlive the pipeline. Several pipelines may share one pool.
  Pipeline(WorkerPool& pool, PipelineOptions options, Hooks<T> hooks = {});
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Build the graph, before run() and from one thread. Names need not be unique; threads are named by the first
  // 15 bytes.
  NodeId source(std::string name, SourceFunction function);
  NodeId transform(std::string name, TransformFunction function, TransformOptions options = {},
                   TransformFinishFunction finish = {});
  NodeId sink(std::string name, SinkFunction function, FinishFunction finish = {}, SinkOptions options = {});

  // Makes `to` read what `from` puts on `port`. A node's input is one queue however many feed it; each feeder's
  // own order is kept. A port with several readers is copied for all but one of them.
  void connect(NodeId from, std::size_t port, NodeId to);

  // Runs the graph once and blocks until every source, transform and sink has ended. A graph that cannot run (a cycle,
  // an edge from a sink or to a source, several readers of a port without Hooks::clone, a second run) returns at once
  // with std::errc::invalid_argument and a message that names the nodes.
  [[nodiscard]] Outcome run(const Context& root);

  // Cuts the drain short at once (the second signal), whether or not the root is cancelled. Idempotent, thread-safe,
  // does not wait; also honoured when called before run().
  void abandon();

  // Stops everything as a failing node does, for what is not a node but must end the run: the outcome has this error,
  // and `failed_node` is `what`. During run() only; thread-safe, does not wait.
  void fail(const std::string& what, const Error& error);

  // The nodes' figures in the order of creation. Thread-safe once the graph is built: before, during, after run().
  [[nodiscard]] std::vector<NodeStats> stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::flow

#include "flow/detail/pipeline_impl.hpp"
