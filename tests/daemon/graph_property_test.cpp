// The ledger's equation for random graphs and random data: fan-out, fan-in, diamonds, routes.
#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/load.hpp"
#include "daemon/log.hpp"
#include "daemon/stage_set.hpp"
#include "daemon/topology.hpp"
#include "record/json_writer.hpp"
#include "stages/registry.hpp"
#include "tests/support/scale.hpp"

namespace sluice::daemon {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

// Emits lines in batches of random sizes.
class LineGenerator final : public stages::Generator {
 public:
  LineGenerator(std::vector<std::string> lines, unsigned seed) : lines_(std::move(lines)), random_(seed) {}

  flow::Error run(const flow::Context& context, stages::Emitter& emitter) override {
    for (std::size_t next = 0; next < lines_.size() && !context.done();) {
      record::Batch batch;
      if (emitter.acquire(context, batch)) return {};
      const std::size_t end = std::min(next + 1 + below(random_, 40), lines_.size());
      std::vector<std::size_t> borders{0};
      for (; next < end; ++next) {
        batch.slab().append(lines_[next]);
        borders.push_back(batch.slab().size());
      }
      for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
        batch.records().emplace_back(batch.slab().view().substr(borders[i], borders[i + 1] - borders[i]));
      }
      batch.bytes_in = batch.slab().size();
      stages::Tally tally;
      if (emitter.emit(context, std::move(batch), tally)) return {};
    }
    return {};
  }

 private:
  const std::vector<std::string> lines_;
  Random random_;
};

// Keeps what it is given as JSON, and says what `after` says when it has been given so many lines.
class KeepingWriter final : public stages::Writer {
 public:
  KeepingWriter(std::vector<std::string>& lines, std::function<flow::Error(std::size_t)> after)
      : lines_(lines), after_(std::move(after)) {}

  flow::Error encode(const flow::Context&, record::Batch& batch, stages::Tally&) override {
    for (const record::Record& record : batch.records()) {
      record::write_json(batch.output(), record);
      batch.output().push_back('\n');
    }
    return {};
  }
  flow::Error write(const flow::Context&, record::Batch& batch, stages::Written&) override {
    if (flow::Error error = after_(lines_.size())) return error;
    std::string_view text = batch.output().view();
    while (!text.empty()) {
      lines_.emplace_back(text.substr(0, text.find('\n')));
      text.remove_prefix(lines_.back().size() + 1);
    }
    return {};
  }
  flow::Error finish(const flow::Context&) override { return {}; }

 private:
  std::vector<std::string>& lines_;
  const std::function<flow::Error(std::size_t)> after_;
};

// One stage as the model sees it.
struct Stage {
  enum class Kind { generate, parse, filter, enrich, route, write };
  Kind kind = Kind::generate;
  std::string name;
  std::vector<std::string> from;  // outputs: a stage's name, or that of a route, a dot and the output
  std::size_t a = 1;              // numbers in its expressions
  std::size_t b = 1;
  bool all = false;  // routes

  std::string yaml() const {
    std::string text;
    switch (kind) {
      case Kind::generate:
        return "- generate: demo\n  name: " + name + "\n";
      case Kind::parse:
        text = "- parse: json\n";
        break;
      case Kind::filter:
        text = "- filter: n % " + std::to_string(a) + " != 0\n";
        break;
      case Kind::enrich:
        text = "- enrich: {compute: {" + name + ": n + " + std::to_string(a) + "}}\n";
        break;
      case Kind::route:
        text = "- route: {routes: {x: n % " + std::to_string(a) + " == 0, y: n % " + std::to_string(b) +
               " == 0}, match: " + (all ? "all" : "first") + "}\n";
        break;
      case Kind::write:
        text = "- write: 'null'\n";
        break;
    }
    std::string sources;
    for (const std::string& source : from) sources += (sources.empty() ? "" : ", ") + source;
    return text + "  name: " + name + "\n  from: [" + sources + "]\n";
  }
};

// A graph in which every output but `otherwise` is read.
class Graph {
 public:
  explicit Graph(Random& random) : random_(random) {
    const std::size_t generators = 1 + below(random, 2);
    for (std::size_t i = 0; i < generators; ++i) {
      add(Stage::Kind::generate, "g" + std::to_string(i), {});
      add(Stage::Kind::parse, "p" + std::to_string(i), {"g" + std::to_string(i)});
      unread_.erase("g" + std::to_string(i));
      std::erase(outputs_, "g" + std::to_string(i));
    }
    const std::size_t middle = 1 + below(random, 7);
    for (std::size_t i = 0; i < middle; ++i) {
      constexpr Stage::Kind kKinds[] = {Stage::Kind::filter, Stage::Kind::enrich, Stage::Kind::route,
                                        Stage::Kind::route};
      add(kKinds[below(random, 4)], "m" + std::to_string(i), some_outputs(3));
    }
    const std::size_t writers = 1 + below(random, 3);
    for (std::size_t i = 0; i < writers; ++i) add(Stage::Kind::write, "w" + std::to_string(i), some_outputs(2));
    for (const std::string& output : std::set<std::string>(unread_)) {
      if (output.ends_with("otherwise") && below(random, 2) == 0) continue;
      stages_[stages_.size() - 1 - below(random, writers)].from.push_back(output);
    }
  }

  const std::vector<Stage>& stages() const { return stages_; }
  std::string yaml() const {
    std::string text = "pipeline: {order: " + std::string(below(random_, 4) == 0 ? "relaxed" : "preserve") +
                       ", queue: " + std::to_string(1 + below(random_, 3)) + "}\nstages:\n";
    for (const Stage& stage : stages_) text += stage.yaml();
    return text;
  }

 private:
  void add(Stage::Kind kind, std::string name, std::vector<std::string> from) {
    Stage stage{kind, name, std::move(from), 2 + below(random_, 4), 2 + below(random_, 4), below(random_, 2) == 0};
    for (const std::string& source : stage.from) unread_.erase(source);
    stages_.push_back(std::move(stage));
    if (kind == Stage::Kind::write) return;
    const std::vector<std::string> names = kind == Stage::Kind::route
                                               ? std::vector<std::string>{name + ".x", name + ".y", name + ".otherwise"}
                                               : std::vector<std::string>{name};
    for (const std::string& output : names) outputs_.push_back(output), unread_.insert(output);
  }

  std::vector<std::string> some_outputs(std::size_t most) {
    std::set<std::string> some;
    for (std::size_t i = 1 + below(random_, most); i > 0; --i) some.insert(outputs_[below(random_, outputs_.size())]);
    return {some.begin(), some.end()};
  }

  Random& random_;
  std::vector<Stage> stages_;
  std::vector<std::string> outputs_;
  std::set<std::string> unread_;
};

// What must become of records, by walking the graph one record at a time.
class Model {
 public:
  explicit Model(const std::vector<Stage>& stages) : stages_(stages) {}

  void generate(const std::string& generator, const std::string& line, std::size_t n, bool valid) {
    ++received;
    valid_ = valid;
    emit(generator, line, n);
  }

  std::map<std::string, std::vector<std::string>> written;
  std::uint64_t received = 0;
  std::uint64_t ended = 0;  // written, filtered and rejected
  std::uint64_t rejected = 0;
  std::uint64_t filtered = 0;

 private:
  void emit(const std::string& output, const std::string& text, std::size_t n) {
    std::size_t readers = 0;
    for (const Stage& stage : stages_) {
      if (std::ranges::count(stage.from, output) != 0) ++readers, visit(stage, text, n);
    }
    if (readers == 0) ++filtered;
  }

  void visit(const Stage& stage, const std::string& text, std::size_t n) {
    switch (stage.kind) {
      case Stage::Kind::generate:
        break;
      case Stage::Kind::parse:
        return valid_ ? emit(stage.name, text, n) : static_cast<void>(++rejected);
      case Stage::Kind::filter:
        return n % stage.a != 0 ? emit(stage.name, text, n) : static_cast<void>(++filtered);
      case Stage::Kind::enrich:
        return emit(stage.name,
                    text.substr(0, text.size() - 1) + ",\"" + stage.name + "\":" + std::to_string(n + stage.a) + "}",
                    n);
      case Stage::Kind::route: {
        const bool x = n % stage.a == 0;
        const bool y = n % stage.b == 0 && (stage.all || !x);
        if (x) emit(stage.name + ".x", text, n);
        if (y) emit(stage.name + ".y", text, n);
        if (!x && !y) emit(stage.name + ".otherwise", text, n);
        return;
      }
      case Stage::Kind::write:
        written[stage.name].push_back(text);
    }
  }

  const std::vector<Stage>& stages_;
  bool valid_ = true;
};

// One run of a random graph over random data.
class GraphRun {
 public:
  using After = std::function<flow::Error(std::size_t lines, flow::Cancellable& root)>;

  explicit GraphRun(unsigned seed) : random_(seed), graph_(random_), model_(graph_.stages()) {}

  void start(const After& after) {
    const std::vector<stages::Definition> definitions = stages::definitions();
    const std::string yaml = graph_.yaml();
    SCOPED_TRACE(yaml);
    config::LoadResult loaded = config::load(yaml, "graph.yaml", stages::catalog(definitions), {});
    std::unique_ptr<StageSet> set = build_stages(loaded.config, definitions, loaded.diagnostics);
    ASSERT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.render();
    flow::Cancellable root = flow::with_cancel(flow::background());
    for (BuiltStage& built : set->stages) {
      if (built.generator() != nullptr) {
        built.stage = std::make_unique<LineGenerator>(lines_for(built.config.name), static_cast<unsigned>(random_()));
      } else if (built.writer() != nullptr) {
        built.stage = std::make_unique<KeepingWriter>(written_[built.config.name],
                                                      [&](std::size_t lines) { return after(lines, root); });
      }
    }
    flow::WorkerPool pool(1 + below(random_, 3));
    const auto log = make_log(spdlog::level::off, LogFormat::text, std::make_shared<spdlog::sinks::null_sink_mt>());
    Topology topology(loaded.config, std::move(set), nullptr, pool, *log);
    outcome_ = topology.run(root.context);
    ledger_ = topology.ledger();
  }

  void expect_balance() const {
    EXPECT_TRUE(ledger_.balanced) << to_json(ledger_);
    EXPECT_EQ(ledger_.received + ledger_.copied,
              ledger_.written + ledger_.filtered + ledger_.rejected + ledger_.abandoned)
        << to_json(ledger_);
    std::size_t lines = 0;
    for (const auto& [name, written] : written_) lines += written.size();
    EXPECT_EQ(ledger_.written, lines);
  }

  void expect_model() {
    EXPECT_FALSE(outcome_.error) << outcome_.error.message();
    EXPECT_EQ(ledger_.abandoned, 0u);
    EXPECT_EQ(ledger_.received, model_.received);
    EXPECT_EQ(ledger_.rejected, model_.rejected);
    EXPECT_EQ(ledger_.filtered, model_.filtered);
    for (auto& [name, lines] : written_) {
      std::vector<std::string>& expected = model_.written[name];
      std::ranges::sort(lines);
      std::ranges::sort(expected);
      EXPECT_EQ(lines, expected) << name;
    }
  }

 private:
  std::vector<std::string> lines_for(const std::string& generator) {
    std::vector<std::string> lines;
    for (std::size_t i = below(random_, 400); i > 0; --i) {
      const std::size_t n = below(random_, 1000);
      const bool valid = below(random_, 20) != 0;
      lines.push_back((valid ? "{\"n\":" : "{n:") + std::to_string(n) + "}");
      model_.generate(generator, lines.back(), n, valid);
    }
    return lines;
  }

  Random random_;
  Graph graph_;
  Model model_;
  std::map<std::string, std::vector<std::string>> written_;  // by writer
  flow::Outcome outcome_;
  LedgerSnapshot ledger_;
};

// SLUICE_SEED repeats one run that failed.
std::vector<unsigned> seeds(std::size_t count) {
  if (const char* const seed = std::getenv("SLUICE_SEED")) return {static_cast<unsigned>(std::atoi(seed))};
  std::vector<unsigned> all(test::scaled(count));
  for (unsigned i = 0; i < all.size(); ++i) all[i] = i + 1;
  return all;
}

TEST(Graphs, TakeEveryRecordWhereTheModelSays) {
  for (const unsigned seed : seeds(150)) {
    SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
    GraphRun run(seed);
    run.start([](std::size_t, flow::Cancellable&) -> flow::Error { return {}; });
    run.expect_balance();
    run.expect_model();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Graphs, BalanceWhenTheRootIsCancelledHalfway) {
  for (const unsigned seed : seeds(60)) {
    SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
    GraphRun run(seed);
    run.start([seed](std::size_t lines, flow::Cancellable& root) -> flow::Error {
      if (lines >= seed % 50) root.cancel(flow::Error(flow::Errc::canceled, "signal: SIGTERM"));
      return {};
    });
    run.expect_balance();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Graphs, BalanceWhenAWriterFails) {
  for (const unsigned seed : seeds(60)) {
    SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed));
    GraphRun run(seed);
    run.start([seed](std::size_t lines, flow::Cancellable&) -> flow::Error {
      if (lines < seed % 50) return {};
      return {std::make_error_code(std::errc::no_space_on_device), "disk full"};
    });
    run.expect_balance();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace sluice::daemon
