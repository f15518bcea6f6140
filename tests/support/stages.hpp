// Stages for tests of the daemon: generators, processors and writers made of lambdas, and sets of stages without YAML.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/stage_set.hpp"
#include "stages/stage.hpp"

namespace sluice::test {

// Emits batches of the lines "0", "1", ... until `count` lines or the context is done.
class CountingGenerator final : public stages::Generator {
 public:
  CountingGenerator(std::size_t count, std::size_t lines_per_batch)
      : count_(count), lines_per_batch_(lines_per_batch) {}

  flow::Error run(const flow::Context& context, stages::Emitter& emitter) override {
    for (std::size_t next = 0; next < count_ && !context.done();) {
      record::Batch batch;
      if (flow::Error error = emitter.acquire(context, batch)) return {};
      std::vector<std::size_t> ends;
      while (next < count_ && ends.size() < lines_per_batch_) {
        batch.slab().append(std::to_string(next++));
        ends.push_back(batch.slab().size());
      }
      std::size_t begin = 0;
      for (const std::size_t end : ends) {
        batch.records().emplace_back(batch.slab().view().substr(begin, end - begin));
        begin = end;
      }
      batch.bytes_in = batch.slab().size();
      stages::Tally tally;
      if (flow::Error error = emitter.emit(context, std::move(batch), tally)) return {};
    }
    return {};
  }

 private:
  const std::size_t count_;
  const std::size_t lines_per_batch_;
};

// Calls a function for each record; what it returns decides what becomes of the record.
class RecordProcessor final : public stages::Processor {
 public:
  enum class Fate { keep, filter, reject, fail };
  using Function = std::function<Fate(record::Record&)>;

  explicit RecordProcessor(Function function, bool serial = false) : function_(std::move(function)), serial_(serial) {}

  flow::Error process(const flow::Context&, record::Batch& batch, stages::Tally& tally) override {
    std::vector<record::Record> kept;
    for (record::Record& record : batch.records()) {
      switch (function_(record)) {
        case Fate::keep:
          kept.push_back(record);
          break;
        case Fate::filter:
          ++tally.filtered;
          break;
        case Fate::reject:
          tally.reject(record, "test_reason", "because");
          break;
        case Fate::fail:
          return {std::make_error_code(std::errc::io_error), "broken on purpose"};
      }
    }
    batch.records() = std::move(kept);
    return {};
  }
  bool serial() const override { return serial_; }

 private:
  const Function function_;
  const bool serial_;
};

// Sends each record to the outputs that a function names.
class RecordRouter final : public stages::Router {
 public:
  using Function = std::function<std::vector<std::size_t>(const record::Record&)>;

  RecordRouter(std::vector<std::string> outputs, Function function)
      : outputs_(std::move(outputs)), function_(std::move(function)) {}

  const std::vector<std::string>& outputs() const override { return outputs_; }
  Routed route(const flow::Context&, record::Batch&& batch, stages::Tally& tally) override {
    const record::Batch from = std::move(batch);
    Routed routed;
    for (std::size_t port = 0; port < outputs_.size(); ++port) routed.outputs.push_back(from.share());
    for (const record::Record& record : from.records()) {
      const std::vector<std::size_t> ports = function_(record);
      for (const std::size_t port : ports) routed.outputs[port].records().push_back(record);
      if (ports.empty()) ++tally.filtered;
      if (ports.size() > 1) routed.copied += ports.size() - 1;
    }
    return routed;
  }

 private:
  const std::vector<std::string> outputs_;
  const Function function_;
};

// Writes lines; hands each batch's text to a function, which says whether it went well.
class TextWriter final : public stages::Writer {
 public:
  using Function = std::function<flow::Error(const flow::Context&, std::string_view)>;

  explicit TextWriter(Function function) : function_(std::move(function)) {}

  flow::Error encode(const flow::Context&, record::Batch& batch, stages::Tally&) override {
    for (const record::Record& record : batch.records()) {
      batch.output().append(record.line());
      batch.output().push_back('\n');
    }
    return {};
  }
  flow::Error write(const flow::Context& context, record::Batch& batch, stages::Written&) override {
    return function_(context, batch.output().view());
  }
  flow::Error finish(const flow::Context&) override { return {}; }

 private:
  const Function function_;
};

// A set of stages that need no YAML: each reads the one before it unless told otherwise.
class StageSetBuilder {
 public:
  std::size_t add(std::string name, std::string kind, stages::AnyStage stage) {
    std::vector<std::size_t> from;
    if (kind != "generate") from.push_back(set_->stages.size() - 1);
    return add(std::move(name), std::move(kind), std::move(stage), std::move(from));
  }
  std::size_t add(std::string name, std::string kind, stages::AnyStage stage, const std::vector<std::size_t>& from) {
    config::StageConfig config;
    config.name = std::move(name);
    config.kind = std::move(kind);
    for (const std::size_t index : from) config.from.push_back({set_->stages[index].config.name, "", index, {}});
    set_->stages.push_back({std::move(config), std::move(stage)});
    return set_->stages.size() - 1;
  }
  // A stage that reads one output of a router.
  std::size_t add_reader(std::string name, std::string kind, stages::AnyStage stage, std::size_t router,
                         std::string output) {
    const std::size_t index = add(std::move(name), std::move(kind), std::move(stage), {router});
    set_->stages[index].config.from.front().output = std::move(output);
    return index;
  }
  daemon::BuiltStage& stage(std::size_t index) { return set_->stages[index]; }
  std::unique_ptr<daemon::StageSet> take() { return std::move(set_); }

 private:
  std::unique_ptr<daemon::StageSet> set_ = std::make_unique<daemon::StageSet>();
};

}  // namespace sluice::test
