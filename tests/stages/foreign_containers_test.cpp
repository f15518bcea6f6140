// Container logs against what Fluent Bit makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/foreign.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::Agreement;
using test::Json;
using test::read_lines;
using test::run_stage;
using test::shared_file;

TEST(Foreign, DockerLinesAreJoinedAsFluentBitJoinsThem) {
  if (!read_lines(shared_file("containers/dockermode.log"))) GTEST_SKIP() << "no shared data";
  // The other files of this kind also join messages by a regular expression, which is `multiline` of a generator.
  for (const char* name : {"dockermode", "dockermode_splitted_line"}) {
    Agreement agreement(std::string("containers/") + name);
    const auto lines = *read_lines(shared_file(std::string("containers/") + name + ".log"));
    const auto expected = *read_lines(shared_file(std::string("containers/") + name + ".out"));
    const auto outcome = run_stage("- parse: docker", lines);
    ASSERT_EQ(outcome.output.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      agreement.equal(std::to_string(i + 1), Json(outcome.output[i]).text("message") + "\n",
                      Json(expected[i]).text("log"));
    }
  }
}

TEST(Foreign, KubernetesLogsOfDocker) {
  if (!read_lines(shared_file("containers/dockermode.log"))) GTEST_SKIP() << "no shared data";
  Agreement agreement("containers/k8s");
  for (const char* name :
       {"k8s_annotations-parser_multiple-1_container-1", "k8s_core_unescaping_json", "k8s_core_unescaping_text",
        "k8s_options_merge-log-enabled_invalid-json", "k8s_options_merge-log-enabled_json"}) {
    const auto lines = *read_lines(shared_file(std::string("containers/") + name + ".log"));
    const auto outcome = run_stage("- parse: docker", lines);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const bool there = i < outcome.output.size();
      agreement.check(std::string(name) + " " + std::to_string(i + 1),
                      there && Json(outcome.output[i]).text("message") + "\n" == Json(lines[i]).text("log") &&
                          Json(outcome.output[i]).text("time") == Json(lines[i]).text("time"),
                      there ? outcome.output[i] : "no record");
    }
  }
}

TEST(Foreign, PartialLinesOfBothRuntimes) {
  const auto cases = read_lines(shared_file("cases/containers-fluent-bit.ndjson"));
  if (!cases) GTEST_SKIP() << "no shared data";
  Agreement agreement("containers-fluent-bit");
  for (const std::string& text : *cases) {
    const Json one(text);
    const bool is_docker = one.text("id") == "fluent-bit/multiline/docker";
    std::vector<std::string> lines;
    for (const Json& line : one.member("lines").items()) lines.push_back(line.scalar());
    const auto outcome = run_stage(is_docker ? "- parse: docker" : "- parse: cri", lines);
    std::string ours;
    std::string theirs;
    for (const std::string& output : outcome.output) ours += Json(output).text("message") + "|";
    for (const Json& expected : one.member("expect").items()) {
      std::string message = expected.scalar();
      if (!message.empty() && message.back() == '\n') message.pop_back();
      theirs += message + "|";
    }
    agreement.equal(one.text("id"), ours, theirs);
  }
}

}  // namespace
}  // namespace sluice::stages
