// Runs the examples of the reference: what docs/reference.md shows is what happens.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/load.hpp"
#include "flow/context.hpp"
#include "stages/registry.hpp"
#include "stages/stage.hpp"
#include "tests/support/descriptors.hpp"

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
  flow::Error emit(const flow::Context&, record::Batch&& batch, Tally& tally) override {
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
  if (spec.kind != "write") yaml += "- write: stdout\n";
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

// One batch after the other through all stages, as the daemon does with many at once.
void run(const flow::Context& context, std::vector<AnyStage>& stages) {
  Keeper keeper;
  check(std::get<std::unique_ptr<Generator>>(stages.front())->run(context, keeper));
  Writer& writer = *std::get<std::unique_ptr<Writer>>(stages.back());
  for (record::Batch& batch : keeper.batches) {
    Tally tally;
    for (std::size_t i = 1; i + 1 < stages.size(); ++i, tally.clear()) {
      check(std::get<std::unique_ptr<Processor>>(stages[i])->process(context, batch, tally));
    }
    check(writer.encode(context, batch, tally));
    Written written;
    check(writer.write(context, batch, written));
  }
  check(writer.finish(context));
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void run_example(const std::vector<Definition>& all, const config::StageSpec& spec, const config::Example& example) {
  SCOPED_TRACE(spec.kind + " " + spec.variant + ": " + example.title);
  config::LoadResult loaded = config::load(pipeline_of(spec, example), "example.yaml", catalog(all), {});
  record::FieldTable fields;
  Workshop workshop{.fields = fields, .diagnostics = loaded.diagnostics};
  std::vector<AnyStage> stages;
  for (const config::StageConfig& stage : loaded.config.stages) {
    if (stage.valid) stages.push_back(make(all, stage, workshop));
  }
  ASSERT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.render();

  const sluice::testing::TemporaryDirectory directory;
  const std::string input = directory.file("input", joined(example.input));
  std::string output = directory.file("output", "");
  {
    const Redirect in(STDIN_FILENO, input, O_RDONLY);
    const Redirect out(STDOUT_FILENO, output, O_WRONLY);
    run(flow::background(), stages);
  }
  const config::StageConfig& last = loaded.config.stages.back();
  if (last.variant == "file") output = last.settings.string("path");
  EXPECT_EQ(sluice::testing::content_of(output), joined(example.output));
  if (last.variant == "file") ::unlink(output.c_str());
}

TEST(Examples, DoWhatTheReferenceSays) {
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

TEST(Examples, EverySupportedStageHasOne) {
  for (const Definition& definition : definitions()) {
    if (!definition.spec.supported) continue;
    EXPECT_FALSE(definition.spec.examples.empty()) << definition.spec.kind << " " << definition.spec.variant;
  }
}

}  // namespace
}  // namespace sluice::stages
