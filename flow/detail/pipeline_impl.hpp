// The members of Pipeline, Output and Emit. Included by flow/pipeline.hpp.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flow/detail/pipeline_core.hpp"
#include "flow/detail/pipeline_nodes.hpp"
#include "flow/detail/pipeline_transform.hpp"

namespace sluice::flow {

template <class T>
struct Pipeline<T>::State {
  State(WorkerPool& pool, PipelineOptions options, Hooks<T>&& owner_hooks)
      : core(pool, options), hooks(std::move(owner_hooks)) {}

  template <class Node, class... Arguments>
  NodeId add(Arguments&&... arguments) {
    const NodeId id{nodes.size()};
    nodes.push_back(std::make_unique<Node>(core, hooks, id, std::forward<Arguments>(arguments)...));
    return id;
  }

  detail::PipelineCore core;
  Hooks<T> hooks;
  std::vector<std::unique_ptr<detail::GraphNode<T>>> nodes;
  std::vector<detail::Link> links;
  bool was_run = false;
};

template <class T>
Error Output<T>::send(const Context& ctx, T&& item, std::size_t port) {
  return node_.send(ctx, std::move(item), port);
}

template <class T>
bool Output<T>::downstream_idle() const noexcept {
  return node_.downstream_idle();
}

template <class T>
const Context& Output<T>::drain_context() const noexcept {
  return node_.drain_context();
}

template <class T>
void Emit<T>::to(std::size_t port, T&& item) {
  emissions_.push_back({port, std::move(item)});
}

template <class T>
Pipeline<T>::Pipeline(WorkerPool& pool, PipelineOptions options, Hooks<T> hooks)
    : state_(std::make_unique<State>(pool, options, std::move(hooks))) {}

template <class T>
Pipeline<T>::~Pipeline() = default;

template <class T>
NodeId Pipeline<T>::source(std::string name, SourceFunction function) {
  return state_->template add<detail::SourceNode<T>>(std::move(name), std::move(function));
}

template <class T>
NodeId Pipeline<T>::transform(std::string name, TransformFunction function, TransformOptions options,
                              TransformFinishFunction finish) {
  return state_->template add<detail::TransformNode<T>>(std::move(name), std::move(function), options,
                                                        std::move(finish));
}

template <class T>
NodeId Pipeline<T>::sink(std::string name, SinkFunction function, FinishFunction finish, SinkOptions options) {
  return state_->template add<detail::SinkNode<T>>(std::move(name), std::move(function), std::move(finish),
                                                   std::move(options));
}

template <class T>
void Pipeline<T>::connect(NodeId from, std::size_t port, NodeId to) {
  state_->links.push_back({from.index, port, to.index});
}

template <class T>
Outcome Pipeline<T>::run(const Context& root) {
  State& state = *state_;
  Outcome refused;
  if (state.was_run) {
    refused.error = Error(std::errc::invalid_argument, "a pipeline runs once: build another one");
    return refused;
  }
  state.was_run = true;
  const std::vector<const detail::NodeBase*> nodes = [&state] {
    std::vector<const detail::NodeBase*> all;
    for (const auto& node : state.nodes) all.push_back(node.get());
    return all;
  }();
  refused.error = detail::check_graph(nodes, state.links, static_cast<bool>(state.hooks.clone));
  if (refused.error) return refused;

  for (const detail::Link& link : state.links) {
    auto& reader = static_cast<detail::InputNode<T>&>(*state.nodes[link.to]);  // check_graph: not a source
    state.nodes[link.from]->connect(link.port, reader);
  }
  // Readers before writers: sources come last, so that nothing flows before all is there.
  const auto start = [&state] {
    for (auto& node : state.nodes) {
      if (node->kind() != NodeKind::source) node->start();
    }
    for (auto& node : state.nodes) {
      if (node->kind() == NodeKind::source) node->start();
    }
  };
  const auto sweep = [&state] {
    for (auto& node : state.nodes) node->sweep();
  };
  Outcome outcome = state.core.run(root, state.nodes.size(), start, sweep);
  for (auto& node : state.nodes) node->join();
  return outcome;
}

template <class T>
void Pipeline<T>::fail(const std::string& what, const Error& error) {
  state_->core.fail(what, error);
}

template <class T>
void Pipeline<T>::abandon() {
  state_->core.abandon();
}

template <class T>
std::vector<NodeStats> Pipeline<T>::stats() const {
  std::vector<NodeStats> figures;
  figures.reserve(state_->nodes.size());
  for (const auto& node : state_->nodes) figures.push_back(node->stats());
  return figures;
}

}  // namespace sluice::flow
