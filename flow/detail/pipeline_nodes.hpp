// The nodes of a pipeline. Not for users of the library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "flow/bounded_queue.hpp"
#include "flow/detail/pipeline_core.hpp"

namespace sluice::flow::detail {

// One result of a transform.
template <class T>
struct Emission {
  std::size_t port;
  T item;
};

template <class T>
class InputNode;

// One reader of one port.
template <class T>
struct Edge {
  Edge(InputNode<T>& reader, std::function<void()> on_room) : to(reader), sender(std::move(on_room)) {}
  InputNode<T>& to;
  typename BoundedQueue<T>::Sender sender;
};

// What all kinds of nodes share: the ports on the way out.
template <class T>
class GraphNode : public NodeBase {
 public:
  GraphNode(PipelineCore& core, const Hooks<T>& hooks, NodeId id, std::string name, NodeKind kind)
      : NodeBase(core, id, std::move(name), kind), hooks_(hooks) {}

  void connect(std::size_t port, InputNode<T>& reader);

  // Called on the thread of run(): before anything flows, and once the drain context was cancelled.
  virtual void start() = 0;
  virtual void sweep() {}
  virtual NodeStats stats() const { return base_stats(); }

  // Hands an item that this node holds to its owner.
  void abandon(T&& item) {
    count_abandoned();
    if (hooks_.on_abandoned) hooks_.on_abandoned(id(), std::move(item));
  }

 protected:
  // What wakes this node when a queue after it has room; empty for a thread, which waits in the queue.
  virtual std::function<void()> on_room() { return {}; }

  const std::vector<std::unique_ptr<Edge<T>>>& readers(std::size_t port) const {
    static const std::vector<std::unique_ptr<Edge<T>>> kNone;
    return port < ports_.size() ? ports_[port] : kNone;
  }

  void unrouted(std::size_t port, T&& item) {
    count_out();
    if (hooks_.on_unrouted) hooks_.on_unrouted(id(), port, std::move(item));
  }

  // Puts the item, or for all but the last reader a copy, into the place held on this edge. False, and the item
  // untouched, if the reader's queue was closed meanwhile. Throws what Hooks::clone throws; the place is given back
  // then.
  bool put(Edge<T>& edge, T& item, std::size_t readers_left);

  void close_outputs() {
    for (auto& port : ports_) {
      for (auto& edge : port) edge->to.feeder_ended();
    }
  }

  bool outputs_idle() const {
    return std::all_of(ports_.begin(), ports_.end(), [](const auto& port) {
      return std::all_of(port.begin(), port.end(), [](const auto& edge) { return edge->to.queue().size() == 0; });
    });
  }

  const Hooks<T>& hooks_;

 private:
  std::vector<std::vector<std::unique_ptr<Edge<T>>>> ports_;
};

// A node with an input queue.
template <class T>
class InputNode : public GraphNode<T> {
 public:
  InputNode(PipelineCore& core, const Hooks<T>& hooks, NodeId id, std::string name, NodeKind kind, std::size_t capacity)
      : GraphNode<T>(core, hooks, id, std::move(name), kind),
        queue_(capacity != 0 ? capacity : core.options().queue_capacity) {}

  BoundedQueue<T>& queue() { return queue_; }

  void add_feeder() { feeders_.fetch_add(1, std::memory_order_relaxed); }

  // The queue closes with the last feeder. Acquire and release: what one feeder sent comes before the close by another.
  void feeder_ended() {
    if (feeders_.fetch_sub(1, std::memory_order_acq_rel) == 1) queue_.close();
  }

  void sweep() override {
    for (T& item : queue_.drain()) this->abandon(std::move(item));
  }

  NodeStats stats() const override {
    NodeStats stats = this->base_stats();
    stats.queue_size = queue_.size();
    stats.queue_capacity = queue_.capacity();
    return stats;
  }

 protected:
  void close_if_unfed() {
    if (feeders_.load(std::memory_order_relaxed) == 0) queue_.close();
  }

 private:
  BoundedQueue<T> queue_;
  std::atomic<std::size_t> feeders_ = 0;
};

template <class T>
void GraphNode<T>::connect(std::size_t port, InputNode<T>& reader) {
  if (port >= ports_.size()) ports_.resize(port + 1);
  ports_[port].push_back(std::make_unique<Edge<T>>(reader, on_room()));
  reader.add_feeder();
}

template <class T>
bool GraphNode<T>::put(Edge<T>& edge, T& item, std::size_t readers_left) {
  BoundedQueue<T>& queue = edge.to.queue();
  if (readers_left == 1) {
    if (!queue.push(edge.sender, std::move(item))) return false;
    count_out();
    return true;
  }
  std::optional<T> copy;
  try {
    copy.emplace(hooks_.clone(item));
  } catch (...) {
    queue.give_up(edge.sender);
    throw;
  }
  if (hooks_.on_copied) hooks_.on_copied(edge.to.id(), item);
  count_out();
  if (!queue.push(edge.sender, std::move(*copy))) edge.to.abandon(std::move(*copy));
  return true;
}

// A thread that makes items.
template <class T>
class SourceNode final : public GraphNode<T> {
 public:
  using Function = typename Pipeline<T>::SourceFunction;

  SourceNode(PipelineCore& core, const Hooks<T>& hooks, NodeId id, std::string name, Function function)
      : GraphNode<T>(core, hooks, id, std::move(name), NodeKind::source), function_(std::move(function)) {}

  void start() override {
    this->start_thread(static_cast<void (NodeBase::*)()>(&SourceNode::run),
                       static_cast<void (NodeBase::*)()>(&SourceNode::end));
  }

  Error send(const Context& ctx, T&& item, std::size_t port) {
    const auto& readers = this->readers(port);
    if (readers.empty()) {
      this->unrouted(port, std::move(item));
      return {};
    }
    for (std::size_t i = 0; i < readers.size(); ++i) {
      if (Error error = wait_for_room(ctx, *readers[i])) return error;
      bool put = false;
      Error error = this->call([&]() -> Error {
        put = this->put(*readers[i], item, readers.size() - i);
        return {};
      });
      if (error) return error;
      if (!put) return this->core_.drain_context().cause();
    }
    return {};
  }

  bool downstream_idle() const { return this->outputs_idle(); }
  const Context& drain_context() const { return this->core_.drain_context(); }

 private:
  Error wait_for_room(const Context& ctx, Edge<T>& edge) {
    if (ctx.done()) return ctx.cause();
    BoundedQueue<T>& queue = edge.to.queue();
    if (queue.try_hold(edge.sender)) return {};
    this->blocked_begins();
    Error error = queue.wait_for_room(ctx, edge.sender);
    this->blocked_ends();
    if (!error || ctx.done()) return error ? ctx.cause() : error;
    return this->core_.drain_context().cause();  // a queue that closes while its feeder lives was swept
  }

  void run() {
    const auto start = SteadyClock::now();
    this->set_running_since(start);
    Output<T> output(*this);
    const Context& run_context = this->core_.run_context();
    const Error error = this->call([&] { return function_(run_context, output); });
    this->set_running_since({});
    this->add_busy(SteadyClock::now() - start);
    if (error && !this->core_.is_interruption(run_context, error)) this->core_.fail(this->name(), error);
    end();
  }

  void end() {
    this->close_outputs();
    this->core_.node_finished();
  }

  const Function function_;
};

// A thread that consumes items.
template <class T>
class SinkNode final : public InputNode<T> {
 public:
  using Function = typename Pipeline<T>::SinkFunction;
  using Finish = typename Pipeline<T>::FinishFunction;

  SinkNode(PipelineCore& core, const Hooks<T>& hooks, NodeId id, std::string name, Function function, Finish finish,
           SinkOptions options)
      : InputNode<T>(core, hooks, id, std::move(name), NodeKind::sink, options.queue_capacity),
        function_(std::move(function)),
        finish_(std::move(finish)),
        start_(std::move(options.start)) {}

  void start() override {
    this->close_if_unfed();
    this->start_thread(static_cast<void (NodeBase::*)()>(&SinkNode::run),
                       static_cast<void (NodeBase::*)()>(&SinkNode::end));
  }

 private:
  void run() {
    const Context& ctx = this->core_.drain_context();
    Error error = start_ ? timed([&] { return start_(ctx); }) : Error();
    if (!error) error = consume(ctx);
    if (!error && finish_ && !ctx.done()) error = timed([&] { return finish_(ctx); });
    if (error && !this->core_.is_interruption(ctx, error)) this->core_.fail(this->name(), error);
    end();
  }

  // No error when the queue is closed and empty.
  Error consume(const Context& ctx) {
    for (;;) {
      Received<T> received = this->queue().receive(ctx);
      if (!received.item) return received.error;
      this->count_in();
      if (Error error = timed([&] { return function_(ctx, std::move(*received.item)); })) return error;
    }
  }

  template <class Call>
  Error timed(Call&& work) {
    const auto start = SteadyClock::now();
    Error error = this->call(work);
    this->add_busy(SteadyClock::now() - start);
    return error;
  }

  void end() { this->core_.node_finished(); }

  const Function function_;
  const Finish finish_;
  const Finish start_;
};

}  // namespace sluice::flow::detail
