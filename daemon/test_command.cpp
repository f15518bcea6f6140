#include "daemon/test_command.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/atomic_file.hpp"
#include "daemon/test_case.hpp"
#include "daemon/test_diff.hpp"
#include "daemon/test_report.hpp"
#include "daemon/test_run.hpp"
#include "fmt/format.h"
#include "stages/parse/regex_matcher.hpp"
#include "stages/registry.hpp"

namespace sluice::daemon {
namespace {

class TestCommand {
 public:
  TestCommand(const TestOptions& options, const LoadConfiguration& load, const Console& console)
      : options_(options), load_(load), console_(console) {}

  ExitCode run(const flow::Context& context) {
    stages::RegexMatcher::Error error;
    const auto filter = stages::RegexMatcher::compile(options_.filter, stages::RegexMatcher::Anchor::none, error);
    if (filter == nullptr) {
      console_.err << "sluice test: in --filter: " << error.message << '\n';
      return ExitCode::usage;
    }
    const config::PipelineConfig outline = load_outline();
    if (const std::string complaints = check(outline); !complaints.empty()) return refuse(context, complaints);
    for (std::size_t i = 0; i < outline.tests.size(); ++i) {
      if (filter->match(name_of_test(outline, i), nullptr, 0)) chosen_.push_back(i);
    }
    if (chosen_.empty()) return nothing_to_run(context, outline.tests.size());
    for (const std::size_t index : chosen_) {
      results_.push_back(run_case(context, outline, index));
      console_.out << describe(results_.back(), console_.colour_out);
    }
    console_.out << '\n' << summarize(results_, outline.tests.size() - chosen_.size());
    const bool passed = std::ranges::all_of(results_, [](const TestResult& result) { return result.passed(); });
    const bool written = write_junit(context, junit(options_.file, results_));
    return passed && written ? ExitCode::ok : ExitCode::failed;
  }

 private:
  // Which cases there are and what environment they ask for. Variables that only cases set are empty here; whatever is
  // wrong is found when the cases are loaded as they are.
  config::PipelineConfig load_outline() const {
    return load_([](const std::string& name) { return config::process_environment()(name).value_or(""); }).config;
  }

  // Loads and builds the configuration for each case, or without any, as it is for the process. What is wrong, or
  // nothing; the same complaint is made once.
  std::string check(const config::PipelineConfig& outline) const {
    std::string complaints;
    std::set<std::string> known;
    const auto colour = console_.colour_err ? config::Colour::always : config::Colour::never;
    bool is_plain_done = false;
    for (std::size_t i = 0; i < std::max<std::size_t>(outline.tests.size(), 1); ++i) {
      config::Environment environment = config::process_environment();
      const bool is_plain = i >= outline.tests.size() || outline.tests[i].entries("environment").empty();
      if (is_plain && std::exchange(is_plain_done, true)) continue;
      if (!is_plain) environment = environment_of_test(outline.tests[i], std::move(environment));
      config::LoadResult loaded = load_(environment);
      const auto set = build_stages(loaded.config, definitions_, loaded.diagnostics);
      check_tests(loaded.config, set->fields, loaded.diagnostics);
      const std::string text = loaded.diagnostics.render(colour);
      if (loaded.diagnostics.has_errors() && known.insert(text).second) complaints += text;
    }
    return complaints;
  }

  ExitCode refuse(const flow::Context& context, const std::string& complaints) const {
    console_.err << complaints;
    write_junit(context, junit_error(options_.file, complaints));
    return ExitCode::wrong_config;
  }

  ExitCode nothing_to_run(const flow::Context& context, std::size_t tests) const {
    if (tests == 0) {
      console_.err << fmt::format("sluice test: {} has no tests; add `tests:` with a list of cases\n", options_.file);
    } else {
      console_.err << fmt::format("sluice test: none of {} tests has a name that matches `{}`\n", tests,
                                  options_.filter);
    }
    write_junit(context, junit(options_.file, {}));
    return ExitCode::failed;
  }

  // Stages remember what they have seen, so each case has stages of its own.
  TestResult run_case(const flow::Context& context, const config::PipelineConfig& outline, std::size_t index) const {
    const auto start = std::chrono::steady_clock::now();
    config::LoadResult loaded = load_(environment_of_test(outline.tests[index], config::process_environment()));
    TestResult result;
    result.name = name_of_test(loaded.config, index);
    result.location = loaded.config.tests[index].location();
    TestTime time;
    const auto set = build_stages(loaded.config, definitions_, loaded.diagnostics, time.clocks());
    const TestCase test = read_test(loaded.config, index, set->fields, loaded.diagnostics);
    if (loaded.diagnostics.has_errors()) {  // was right a moment ago: a file that stages read has changed
      result.findings.push_back({"the configuration is wrong: " + loaded.diagnostics.all().front().message, {}});
      return result;
    }
    time.begin(test.time);
    TestOutcome outcome = run_test(context, loaded.config, *set, test, time);
    result.findings = compare(test, outcome, *set);
    result.elapsed = std::chrono::steady_clock::now() - start;
    return result;
  }

  bool write_junit(const flow::Context& context, const std::string& xml) const {
    if (options_.junit_file.empty()) return true;
    const flow::Error error = replace_file(context, options_.junit_file, xml);
    if (error) console_.err << "sluice test: the report could not be written: " << error.message() << '\n';
    return !error;
  }

  const TestOptions& options_;
  const LoadConfiguration& load_;
  const Console& console_;
  const std::vector<stages::Definition> definitions_ = stages::definitions();
  std::vector<std::size_t> chosen_;
  std::vector<TestResult> results_;
};

}  // namespace

ExitCode run_tests(const flow::Context& context, const TestOptions& options, const LoadConfiguration& load,
                   const Console& console) {
  return TestCommand(options, load, console).run(context);
}

}  // namespace sluice::daemon
