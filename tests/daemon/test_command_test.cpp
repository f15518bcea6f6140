#include "daemon/test_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/command_line.hpp"
#include "tests/support/descriptors.hpp"

namespace sluice::daemon {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Answer {
  ExitCode code;
  std::string out;
  std::string err;
};

Answer test(const std::string& yaml, std::vector<std::string> more = {}) {
  const sluice::testing::TemporaryDirectory directory;
  std::vector<std::string> words{"test", directory.file("t.yaml", yaml)};
  words.insert(words.end(), more.begin(), more.end());
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = command_line(flow::background(), words, {in, out, err});
  return {code, out.str(), err.str()};
}

constexpr const char* kStages = R"(stages:
- generate: stdin
- parse: json
- filter: status >= 400
- write: stdout
tests:
)";

Answer test_of(const std::string& cases, std::vector<std::string> more = {}) {
  return test(kStages + cases, std::move(more));
}

TEST(TestCommand, PassesWhenAllIsAsExpected) {
  const Answer answer = test_of(R"(- name: all kinds of ends
  input: |
    {"status": 500, "ok": false}
    {"status": 200}
    no json
  output: [{ok: false, status: 500.0}]
  filtered: ['{"status": 200}']
  rejected: [{reason: invalid_json, stage: parse-2, raw: no json}]
)");
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.err;
  EXPECT_EQ(answer.out, "ok    all kinds of ends\n\n1 test passed\n");
}

TEST(TestCommand, ShowsWhichFieldsDiffer) {
  const Answer answer = test_of(R"(- input: '{"status": 500, "a": {"b":1}, "c": 1}'
  output: [{status: 500, a: {b: 2}, d: 1}]
)");
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.out, StartsWith("FAIL  test 1  "));
  EXPECT_THAT(answer.out, EndsWith(R"(
  write-4, number 1: is not as expected
    - {"status":500,"a":{"b":2},"d":1}
    + {"status":500,"a":{"b":1},"c":1}
      a.b: expected 2, found 1
      d: expected 1, is not there
      c: not expected, is 1

1 of 1 test failed
)"));
}

TEST(TestCommand, FailsForRecordsThatAreMissingOrTooMany) {
  const Answer answer = test_of(R"(- input: |
    {"status": 501}
    {"status": 502}
    {"status": 503}
  output: |
    {"status": 502}
    {"status": 503}
    {"status": 504}
)");
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.out, HasSubstr("write-4, number 1: was not expected\n    + {\"status\": 501}\n"));
  EXPECT_THAT(answer.out, HasSubstr("write-4, number 3: is missing\n    - {\"status\": 504}\n"));
}

TEST(TestCommand, FailsForRejectedRecordsThatNobodyExpected) {
  const Answer answer = test_of("- {input: no json, output: []}\n");
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.out, HasSubstr("rejected: expected 0 records, found 1\n    + parse-2 invalid_json, "));
}

TEST(TestCommand, FailsForConditionsThatDoNotHoldAndSaysWhy) {
  const Answer answer = test_of(R"(- input: '{"status": 500}'
  output: [{where: [status >= 500, status != 500]}]
)");
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.out, HasSubstr("    - where: status != 500\n    + {\"status\": 500}\n"));
  EXPECT_THAT(answer.out, HasSubstr("status (500) != 500 is false"));
  EXPECT_THAT(answer.out, Not(HasSubstr("where: status >= 500"))) << "this one holds";
}

TEST(TestCommand, ComparesTextByteForByteWhereItIsToBeExact) {
  const std::string lines = "- input: '{\"status\": 500}'\n  output: ['{\"status\":500}']\n";
  EXPECT_EQ(test_of(lines).code, ExitCode::ok) << "the same value";
  EXPECT_EQ(test_of(lines + "  exact: true\n").code, ExitCode::failed);
}

TEST(TestCommand, LoadsTheConfigurationForEachEnvironment) {
  const char* yaml = R"(stages:
- generate: stdin
- enrich: {fields: {host: "${SLUICE_TEST_HOST_THAT_IS_NOT_SET}"}, drop: message}
- write: stdout
tests:
- {input: a, output: [{host: one}], environment: {SLUICE_TEST_HOST_THAT_IS_NOT_SET: one}}
- {input: a, output: [{host: two}], environment: {SLUICE_TEST_HOST_THAT_IS_NOT_SET: two}}
)";
  const Answer answer = test(yaml);
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.out << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("2 tests passed"));
}

TEST(TestCommand, LetsTimePassOnlyInWaits) {
  const char* yaml = R"(stages:
- generate: stdin
- filter: {dedupe: {key: message, window: 1m}}
- parse: {format: rfc3164}   # such times have no year
- write: {to: stdout, encode: template, template: "{time} {message}"}
tests:
- time: 2031-02-03T04:05:06Z
  input: ["<13>Feb  3 04:05:06 h t: a", "<13>Feb  3 04:05:06 h t: a", wait: 2m, "<13>Feb  3 04:05:06 h t: a"]
  output: |
    2031-02-03T04:05:06Z a
    2031-02-03T04:05:06Z a
  filtered: 1
)";
  const Answer answer = test(yaml);
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.out << answer.err;
}

TEST(TestCommand, LooksAtEachWriterThatIsNamed) {
  const char* yaml = R"(stages:
- {name: in, generate: stdin}
- {name: by, route: {routes: {bad: 'message == "x"'}}}
- {name: one, write: {to: file, path: /nonexistent/directory/x}, from: by.bad}
- {name: two, write: stdout, from: by.otherwise}
tests:
- {input: "x\ny", output: {one: ['{"message":"x"}'], two: 1}}
- {input: "x\ny", output: {one: 0}}
)";
  const Answer answer = test(yaml);
  EXPECT_EQ(answer.code, ExitCode::failed) << answer.err;
  EXPECT_THAT(answer.out, StartsWith("ok    test 1\nFAIL  test 2")) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("one: expected 0 records, found 1\n    + {\"message\":\"x\"}\n"));
}

TEST(TestCommand, GivesStagesBackWhatTheyHoldAtTheEnd) {
  const char* yaml = R"(stages:
- generate: {from: stdin, multiline: {indent: true}}
- write: stdout
tests:
- {input: "a\n  b\nc\n  d", output: ['{"message":"a\n  b"}', '{"message":"c\n  d"}']}
)";
  const Answer answer = test(yaml);
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.out << answer.err;
}

TEST(TestCommand, ExpectsTheErrorThatStopsThePipeline) {
  const char* stages = R"(stages:
- generate: stdin
- parse: {format: json, on_error: fail}
- write: stdout
tests:
)";
  EXPECT_EQ(test(std::string(stages) + "- {input: x, error: invalid_json}\n").code, ExitCode::ok);
  EXPECT_EQ(test(std::string(stages) + "- {input: x, error: another}\n").code, ExitCode::failed);
  const Answer answer = test(std::string(stages) + "- {input: x, output: []}\n");
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.out, HasSubstr("an error stops the pipeline")) << answer.err;
}

TEST(TestCommand, RefusesCasesThatAreWrongWithTheirPlace) {
  const Answer key = test_of("- {inptu: x, output: []}\n");
  EXPECT_EQ(key.code, ExitCode::wrong_config);
  EXPECT_THAT(key.err, HasSubstr("t.yaml:7:4"));
  EXPECT_THAT(key.err, HasSubstr("did you mean `input`?"));
  const Answer expression = test_of("- {input: x, output: [{where: status >}]}\n");
  EXPECT_EQ(expression.code, ExitCode::wrong_config);
  EXPECT_THAT(expression.err, HasSubstr("t.yaml:7:"));
  EXPECT_EQ(test_of("- {input: x, output: {nobody: 1}}\n").code, ExitCode::wrong_config);
  EXPECT_EQ(test_of("- {input: x, output: 1, time: noon}\n").code, ExitCode::wrong_config);
}

TEST(TestCommand, RunsOnlyTheCasesThatTheFilterNames) {
  const char* cases = "- {name: good one, input: x, rejected: 1}\n- {name: bad one, input: x, output: 1}\n";
  const Answer answer = test_of(cases, {"--filter", "^good"});
  EXPECT_EQ(answer.code, ExitCode::ok);
  EXPECT_EQ(answer.out, "ok    good one\n\n1 test passed, 1 left out by --filter\n");
  EXPECT_EQ(test_of(cases).code, ExitCode::failed);
  EXPECT_EQ(test_of(cases, {"--filter", "("}).code, ExitCode::usage);
  EXPECT_EQ(test_of(cases, {"--filter", "nothing"}).code, ExitCode::failed) << "there was none to run";
}

TEST(TestCommand, DoesNotTakeNoTestsForASuccess) {
  const Answer answer = test("stages:\n- generate: stdin\n- write: stdout\n");
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_THAT(answer.err, HasSubstr("has no tests; add `tests:`"));
}

TEST(TestCommand, WritesWhatBuildServersRead) {
  const sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.file("results.xml", "");
  const Answer answer =
      test_of("- {name: 'a<b', input: x, rejected: 1}\n- {name: c, input: x, output: []}\n", {"--junit", path});
  EXPECT_EQ(answer.code, ExitCode::failed);
  std::ifstream file(path);
  const std::string xml{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(xml, HasSubstr(R"(tests="2" failures="1" errors="0")"));
  EXPECT_THAT(xml, HasSubstr(R"(name="a&lt;b")"));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"rejected: expected 0 records, found 1\">"));
}

}  // namespace
}  // namespace sluice::daemon
