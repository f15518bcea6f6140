#include "daemon/test_run.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "daemon/parcel.hpp"
#include "record/json_writer.hpp"
#include "stages/generate/line_reader.hpp"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {
namespace {

class Runner {
 public:
  Runner(const config::PipelineConfig& config, StageSet& set, TestTime& time)
      : config_(config), set_(set), time_(time) {
    outcome_.written.resize(set.stages.size());
  }

  void run(const flow::Context& context, const TestCase& test) {
    for (std::size_t stage = 0; stage < set_.stages.size(); ++stage) {
      if (set_.stages[stage].generator() != nullptr) open(stage);
    }
    for (const TestInput& input : test.inputs) {
      if (outcome_.error) return;
      if (input.is_wait) {
        wait(context, input.wait);
      } else {
        feed(context, *sources_.at(input.generator), input.line + "\n");
      }
    }
    for (auto& [stage, source] : sources_) {
      if (outcome_.error || source->lines.make_room(context)) return;
      source->lines.end_of_stream(time_.now());
      flush(context, *source);
    }
    for (const std::size_t stage : from_sources_to_writers()) finish(context, stage);
  }

  TestOutcome take_outcome() && { return std::move(outcome_); }

 private:
  // Stands for the pipeline behind one generator.
  class Inlet final : public stages::Emitter {
   public:
    Inlet(Runner& runner, std::size_t stage, std::size_t slab_bytes)
        : runner_(runner), stage_(stage), slab_bytes_(slab_bytes) {}

    flow::Error acquire(const flow::Context&, record::Batch& batch, std::size_t slab_bytes) override {
      batch = record::Batch();
      batch.slab().reserve(slab_bytes == 0 ? slab_bytes_ : slab_bytes);
      return {};
    }
    flow::Error emit(const flow::Context& context, record::Batch&& batch, stages::Tally& tally,
                     std::span<const stages::Mark>) override {
      runner_.accept(context, stage_, batch, tally);
      return {};
    }
    bool idle() const override { return false; }

   private:
    Runner& runner_;
    const std::size_t stage_;
    const std::size_t slab_bytes_;
  };

  struct Source {
    Source(Runner& runner, std::size_t stage, const stages::LineOptions& options)
        : inlet(runner, stage, options.batch_bytes), lines(options, inlet) {}
    Inlet inlet;
    stages::LineReader lines;
  };

  void open(std::size_t stage) {
    const BuiltStage& built = set_.stages[stage];
    stages::LineOptions options;
    options.batch_bytes = std::min<std::size_t>(config_.batch_size, 64 * 1024);
    options.max_line = config_.max_line;
    options.keep_blank = built.config.settings.boolean("keep_blank");
    // Not owned: the generator lives as long as the set.
    options.multiline = {std::shared_ptr<const void>(), built.generator()->multiline()};
    sources_.emplace(stage, std::make_unique<Source>(*this, stage, options));
  }

  void feed(const flow::Context& context, Source& source, std::string_view bytes) {
    while (!bytes.empty()) {
      if (flow::Error error = source.lines.make_room(context)) return stop(std::move(error));
      const std::span<char> room = source.lines.room();
      const std::size_t count = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), count);
      source.lines.commit(count, time_.now());
      bytes.remove_prefix(count);
    }
    flush(context, source);
  }

  void flush(const flow::Context& context, Source& source) {
    if (flow::Error error = source.lines.flush(context)) stop(std::move(error));
  }

  void wait(const flow::Context& context, std::chrono::nanoseconds time) {
    time_.advance(time);
    for (auto& [stage, source] : sources_) {
      if (source->lines.due(time_.now())) flush(context, *source);
    }
  }

  void stop(flow::Error error) {
    if (!outcome_.error) outcome_.error = std::move(error);
  }

  void accept(const flow::Context& context, std::size_t stage, const record::Batch& batch, const stages::Tally& tally) {
    note(stage, tally, "");
    for (const record::Record& record : batch.records()) {
      record::Batch one;
      one.generator = stage;
      one.slab().append(record.line());
      one.records().emplace_back(one.slab().view());
      pass_on(context, stage, {}, std::move(one));
    }
  }

  // `line` is the one that was filtered, if one was.
  void note(std::size_t stage, const stages::Tally& tally, const std::string& line) {
    for (std::uint64_t i = 0; i < tally.filtered; ++i) outcome_.filtered.push_back({stage, line});
    for (const stages::Rejection& rejection : tally.rejections) outcome_.rejected.push_back({stage, rejection});
  }

  void visit(const flow::Context& context, std::size_t stage, record::Batch&& batch) {
    const BuiltStage& built = set_.stages[stage];
    const std::string line(batch.records().front().line());
    stages::Tally tally;
    flow::Error error;
    try {
      if (stages::Router* const router = built.router()) {
        stages::Router::Routed routed = router->route(context, std::move(batch), tally);
        note(stage, tally, line);
        for (std::size_t port = 0; port < routed.outputs.size(); ++port) {
          if (!routed.outputs[port].empty()) {
            pass_on(context, stage, router->outputs()[port], std::move(routed.outputs[port]));
          }
        }
        return;
      }
      error = built.processor() != nullptr ? built.processor()->process(context, batch, tally)
                                           : write(context, stage, batch, tally);
    } catch (const std::exception& exception) {
      error = {flow::Errc::exception, exception.what()};
    }
    note(stage, tally, line);
    if (error) return stop(located(error, built.config.name));
    if (built.processor() != nullptr && !batch.empty()) pass_on(context, stage, {}, std::move(batch));
  }

  flow::Error write(const flow::Context& context, std::size_t stage, record::Batch& batch, stages::Tally& tally) {
    WrittenRecord written;
    written.batch = copy(batch);
    const stages::Preview preview = set_.stages[stage].writer()->preview(context, batch, tally);
    if (preview.error || batch.empty()) return preview.error;
    written.text = preview.text;
    if (written.text.empty()) {  // a writer that encodes nothing
      record::Buffer json;
      record::write_json(json, batch.records().front());
      written.text = json.view();
    }
    if (written.text.ends_with('\n')) written.text.pop_back();
    written.destination = preview.destination;
    outcome_.written[stage].push_back(std::move(written));
    return {};
  }

  void pass_on(const flow::Context& context, std::size_t from, const std::string& output, record::Batch&& batch) {
    const std::vector<std::size_t> readers = readers_of(set_, from, output);
    for (const std::size_t reader : readers) {
      if (!outcome_.error) visit(context, reader, copy(batch));
    }
    if (readers.empty()) outcome_.filtered.push_back({from, std::string(batch.records().front().line())});
  }

  // What is held back goes on when nothing more can come.
  void finish(const flow::Context& context, std::size_t stage) {
    stages::Processor* const processor = set_.stages[stage].processor();
    if (outcome_.error || processor == nullptr || !processor->serial()) return;
    record::Batch batch;
    stages::Tally tally;
    if (flow::Error error = processor->finish(context, batch, tally)) {
      return stop(located(error, set_.stages[stage].config.name));
    }
    const auto filtered = static_cast<std::int64_t>(tally.filtered);
    if (filtered < 0) {
      take_back(stage, static_cast<std::uint64_t>(-filtered));
      tally.filtered = 0;
    }
    note(stage, tally, "");
    for (const record::Record& record : batch.records()) {
      record::Batch one = batch.share();
      one.records().push_back(record);
      pass_on(context, stage, {}, std::move(one));
    }
  }

  // The last lines that the stage has filtered are not.
  void take_back(std::size_t stage, std::uint64_t count) {
    std::vector<FilteredLine>& filtered = outcome_.filtered;
    for (std::size_t i = filtered.size(); i > 0 && count > 0; --i) {
      if (filtered[i - 1].stage != stage) continue;
      filtered.erase(filtered.begin() + static_cast<std::ptrdiff_t>(i - 1));
      --count;
    }
  }

  // Every stage behind all that it reads. Cycles have been refused.
  std::vector<std::size_t> from_sources_to_writers() const {
    std::vector<std::size_t> order;
    while (order.size() < set_.stages.size()) {
      for (std::size_t stage = 0; stage < set_.stages.size(); ++stage) {
        const auto is_done = [&](std::size_t other) { return std::ranges::find(order, other) != order.end(); };
        const auto is_input_done = [&](const config::Input& input) { return is_done(input.index); };
        if (!is_done(stage) && std::ranges::all_of(set_.stages[stage].config.from, is_input_done)) {
          order.push_back(stage);
        }
      }
    }
    return order;
  }

  const config::PipelineConfig& config_;
  StageSet& set_;
  TestTime& time_;
  TestOutcome outcome_;
  std::map<std::size_t, std::unique_ptr<Source>> sources_;  // by stage
};

}  // namespace

std::chrono::steady_clock::time_point TestTime::now() const {
  // Not at zero, where "never" may be.
  return std::chrono::steady_clock::time_point(std::chrono::hours(24) + std::chrono::nanoseconds(state_->passed));
}

record::Timestamp TestTime::time_of_day() const {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t passed = state_->passed;
  const std::int64_t nanoseconds = state_->start.nanoseconds + passed % kSecond;
  return {state_->start.seconds + passed / kSecond + nanoseconds / kSecond,
          static_cast<std::uint32_t>(nanoseconds % kSecond)};
}

Clocks TestTime::clocks() const {
  return {[time = *this] { return time.now(); }, [time = *this] { return time.time_of_day(); }};
}

TestOutcome run_test(const flow::Context& context, const config::PipelineConfig& config, StageSet& set,
                     const TestCase& test, TestTime& time) {
  Runner runner(config, set, time);
  runner.run(context, test);
  return std::move(runner).take_outcome();
}

}  // namespace sluice::daemon
