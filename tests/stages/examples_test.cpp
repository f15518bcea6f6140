// Runs the examples of the reference: what docs/reference.md shows is what happens.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <re2/re2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/load.hpp"
#include "flow/context.hpp"
#include "stages/registry.hpp"
#include "stages/stage.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/peer.hpp"

namespace sluice::stages {
namespace {

// Puts a file in the place of a standard descriptor for as long as it lives.
class Redirect {
 public:
  Redirect(int fd, const std::string& path, int flags) : fd_(fd), saved_(::dup(fd)) {
    const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
    ::dup2(file.get(), fd_);
  }
  ~Redirect() {
    if (saved_ >= 0) ::dup2(saved_, fd_), ::close(saved_);
  }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

 private:
  const int fd_;
  const int saved_;
};

// Keeps the batches of a generator.
class Keeper final : public Emitter {
 public:
  flow::Error acquire(const flow::Context&, record::Batch& batch, std::size_t slab_bytes) override {
    batch = record::Batch();
    batch.slab().reserve(slab_bytes == 0 ? 65536 : slab_bytes);
    return {};
  }
  flow::Error emit(const flow::Context&, record::Batch&& batch, Tally& tally, std::span<const Mark>) override {
    batches.push_back(std::move(batch));
    tally.clear();
    return {};
  }
  bool idle() const override { return false; }

  std::vector<record::Batch> batches;
};

// The example between the stages that it needs to be a whole pipeline.
std::string pipeline_of(const config::StageSpec& spec, const config::Example& example) {
  std::string yaml = "stages:\n";
  if (spec.kind != "generate") yaml += "- generate: stdin\n";
  if (spec.kind == "filter" || spec.kind == "enrich" || spec.kind == "route") yaml += "- parse: json\n";
  yaml += example.yaml + "\n";
  if (example.yaml.find("write:") == std::string::npos) yaml += "- write: stdout\n";
  return yaml;
}

AnyStage make(const std::vector<Definition>& all, const config::StageConfig& stage, Workshop& workshop) {
  for (const Definition& definition : all) {
    if (definition.spec.kind == stage.kind && definition.spec.variant == stage.variant) {
      return definition.make(stage.settings, workshop);
    }
  }
  return {};
}

void check(const flow::Error& error) { EXPECT_FALSE(error) << error.message(); }

// The stages of an example, joined as the daemon joins them, one batch at a time.
class Graph {
 public:
  Graph(const std::vector<config::StageConfig>& configs, std::vector<AnyStage>& stages)
      : configs_(configs), stages_(stages) {}

  void run(const flow::Context& context) {
    for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
      if (auto* generator = std::get_if<std::unique_ptr<Generator>>(&stages_[stage])) {
        Keeper keeper;
        // One that follows files would wait for ever: it is made, and told to stop.
        flow::Cancellable reading = flow::with_cancel(context);
        if (configs_[stage].variant == "file" && configs_[stage].settings.boolean("follow")) reading.cancel();
        check((*generator)->run(reading.context, keeper));
        for (record::Batch& batch : keeper.batches) pass_on(context, stage, {}, batch);
      }
    }
    for (AnyStage& stage : stages_) {
      if (auto* writer = std::get_if<std::unique_ptr<Writer>>(&stage)) check((*writer)->finish(context));
    }
  }

  void start(const flow::Context& context) {
    for (AnyStage& stage : stages_) {
      if (auto* writer = std::get_if<std::unique_ptr<Writer>>(&stage)) check((*writer)->start(context));
    }
  }

 private:
  void pass_on(const flow::Context& context, std::size_t from, const std::string& output, record::Batch& batch) {
    for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
      for (const config::Input& input : configs_[stage].from) {
        if (input.index != from || input.output != output) continue;
        record::Batch copy = batch.share();
        copy.records() = batch.records();
        for (record::Record& record : copy.records()) record.unshare(copy.arena());
        visit(context, stage, std::move(copy));
      }
    }
  }

  void visit(const flow::Context& context, std::size_t stage, record::Batch&& batch) {
    Tally tally;
    if (auto* processor = std::get_if<std::unique_ptr<Processor>>(&stages_[stage])) {
      check((*processor)->process(context, batch, tally));
      pass_on(context, stage, {}, batch);
    } else if (auto* router = std::get_if<std::unique_ptr<Router>>(&stages_[stage])) {
      Router::Routed routed = (*router)->route(context, std::move(batch), tally);
      for (std::size_t port = 0; port < routed.outputs.size(); ++port) {
        if (!routed.outputs[port].empty()) pass_on(context, stage, (*router)->outputs()[port], routed.outputs[port]);
      }
    } else {
      Writer& writer = *std::get<std::unique_ptr<Writer>>(stages_[stage]);
      check(writer.encode(context, batch, tally));
      Written written;
      check(writer.write(context, batch, written));
    }
  }

  const std::vector<config::StageConfig>& configs_;
  std::vector<AnyStage>& stages_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string replaced(std::string text, std::string_view what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// What is around an example: a directory in the place of /tmp, a standard input and output, and whoever listens at the
// addresses of the reference.
class Surroundings {
 public:
  explicit Surroundings(const std::string& yaml) : yaml_(replaced(yaml, "/tmp/", directory_.path("tmp/"))) {
    using testing::Peer;
    std::filesystem::create_directory(directory_.path("tmp"));
    const std::string socket = directory_.path("tmp/sluice-example.sock");
    is_stream_ = yaml_.find("to: udp") == std::string::npos && yaml_.find("mode: datagram") == std::string::npos;
    if (yaml_.find(kAddress) != std::string::npos) {
      peer_ = is_stream_ ? Peer::tcp() : Peer::udp();
      yaml_ = replaced(yaml_, kAddress, "127.0.0.1:" + std::to_string(peer_->port()));
    } else if (yaml_.find(socket) != std::string::npos) {
      peer_ = Peer::at(socket, is_stream_ ? SOCK_STREAM : SOCK_DGRAM);
    }
    if (peer_ && is_stream_) {
      stream_ = std::async(std::launch::async, [this] { return testing::read_all(peer_->accept().get()); });
    }
  }

  const std::string& yaml() const { return yaml_; }

  void run(const std::vector<std::string>& input, Graph& graph) {
    const Redirect in(STDIN_FILENO, directory_.file("input", joined(input)), O_RDONLY);
    const Redirect out(STDOUT_FILENO, directory_.file("output", ""), O_WRONLY);
    graph.start(flow::background());
    graph.run(flow::background());
  }

  // What the example has written, wherever it went. Of several files each is preceded by its name, `==> NAME <==`.
  std::string written() {
    if (peer_) return is_stream_ ? stream_.get() : joined(peer_->received());
    std::string text = testing::content_of(directory_.path("output"));
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path("tmp"))) {
      if (entry.is_regular_file()) files.insert(entry.path().string());
    }
    for (const std::string& file : files) {
      if (files.size() > 1) text += "==> " + shown(file) + " <==\n";
      text += file.ends_with(".zst")  ? testing::unpacked("zstdcat", file)
              : file.ends_with(".gz") ? testing::unpacked("zcat", file)
                                      : testing::content_of(file);
    }
    return text;
  }

 private:
  static constexpr std::string_view kAddress = "127.0.0.1:5170";

  // As the reference has it: below /tmp, and rotated at some time.
  std::string shown(const std::string& file) const {
    static const RE2 time(R"(\.\d{8}T\d{6}\.\d{3}Z)");
    std::string name = replaced(file, directory_.path("tmp/"), "/tmp/");
    RE2::GlobalReplace(&name, time, ".20261124T232645.123Z");
    return name;
  }

  const testing::TemporaryDirectory directory_;
  std::string yaml_;
  bool is_stream_ = true;
  std::optional<testing::Peer> peer_;
  std::future<std::string> stream_;
};

void run_example(const std::vector<Definition>& all, const config::StageSpec& spec, const config::Example& example) {
  SCOPED_TRACE(spec.kind + " " + spec.variant + ": " + example.title);
  Surroundings around(pipeline_of(spec, example));
  config::LoadResult loaded = config::load(around.yaml(), "example.yaml", catalog(all), {});
  record::FieldTable fields;
  Workshop workshop{.fields = fields, .diagnostics = loaded.diagnostics};
  std::vector<AnyStage> stages;
  for (const config::StageConfig& stage : loaded.config.stages) {
    if (stage.valid) stages.push_back(make(all, stage, workshop));
  }
  ASSERT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.render();

  Graph graph(loaded.config.stages, stages);
  around.run(example.input, graph);
  EXPECT_EQ(around.written(), joined(example.output));
}

TEST(Examples, DoWhatTheReferenceSays) {
  std::filesystem::current_path(SLUICE_SOURCE_DIR);  // examples name files of docs/samples
  const std::vector<Definition> all = definitions();
  std::size_t count = 0;
  for (const Definition& definition : all) {
    for (const config::Example& example : definition.spec.examples) {
      if (!definition.spec.supported) continue;
      run_example(all, definition.spec, example);
      ++count;
    }
  }
  EXPECT_GT(count, 10u);
}

TEST(Examples, OfAllStagesButGeneratorsReadSomething) {
  for (const Definition& definition : definitions()) {
    for (const config::Example& example : definition.spec.examples) {
      EXPECT_TRUE(definition.spec.kind == "generate" || !example.input.empty())
          << definition.spec.kind << " " << definition.spec.variant << ": " << example.title;
    }
  }
}

TEST(Examples, EverySupportedStageHasOne) {
  for (const Definition& definition : definitions()) {
    if (!definition.spec.supported) continue;
    EXPECT_FALSE(definition.spec.examples.empty()) << definition.spec.kind << " " << definition.spec.variant;
  }
}

}  // namespace
}  // namespace sluice::stages
