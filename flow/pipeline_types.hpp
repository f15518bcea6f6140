// What does not depend on the type of a pipeline's items: options, figures, outcome. See flow/pipeline.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::flow {

// Names a node of the pipeline that made it; indices are given in the order of creation, from 0.
struct NodeId {
  std::size_t index = 0;
  friend bool operator==(const NodeId&, const NodeId&) = default;
};

// How a transform's results leave it, relative to how its inputs arrived.
enum class Ordering {
  preserve,  // Many items at once; results leave in the order in which the inputs arrived, within a bounded window.
  relaxed,   // Many items at once; results leave as they are ready.
  serial     // One item at a time, in the order of arrival: for stateful transforms.
};

struct TransformOptions {
  Ordering ordering = Ordering::preserve;
  std::size_t max_parallel = 0;    // Items worked on at once; 0 = as many as the pool has workers.
  std::size_t queue_capacity = 0;  // Of the node's input queue, in items; 0 = PipelineOptions::queue_capacity.
};

struct SinkOptions {
  std::size_t queue_capacity = 0;  // Of the node's input queue, in items; 0 = PipelineOptions::queue_capacity.
  // Called once on the sink's thread before the first item, also when none comes: open, connect. May block, under the
  // drain context. An error fails the pipeline, before the sink has taken anything.
  std::function<Error(const Context& drain_context)> start = {};
};

struct PipelineOptions {
  std::size_t queue_capacity = 16;  // Items each queue between two nodes holds; at least 1.
  // How long a drain may take once the root is cancelled; zero abandons at once, nanoseconds::max() is no limit.
  std::chrono::nanoseconds grace = std::chrono::seconds(30);
};

enum class NodeKind { source, transform, sink };

// A node's figures at a moment; each is exact, but they are not read at one instant.
struct NodeStats {
  std::string name;
  NodeKind kind = NodeKind::source;
  std::size_t queue_size = 0;           // Items waiting in the input queue now (0 for a source).
  std::size_t queue_capacity = 0;       // 0 for a source.
  std::uint64_t items_in = 0;           // Items taken from the input queue (0 for a source).
  std::uint64_t items_out = 0;          // Items put into queues after it, copies included, and unrouted ones.
  std::uint64_t abandoned = 0;          // Items given to on_abandoned with this node.
  std::chrono::nanoseconds busy{0};     // Time within the node's function (for a source: less the time in `blocked`).
  std::chrono::nanoseconds blocked{0};  // Time in which results waited for room in a queue after it, up to now.
};

// How a run ended.
struct Outcome {
  Error error;                // The first failure of a node, or why the graph is not runnable; none otherwise.
  std::string failed_node;    // Name of the node that failed first; empty if none did.
  Error cause;                // Why the root was cancelled (Context::cause); none if it was not, before all had ended.
  bool deadline_hit = false;  // The drain took longer than `grace` and was cut short.
  bool abandoned = false;     // abandon() cut the drain short.
};

}  // namespace sluice::flow
