#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "daemon/command_line.hpp"
#include "tests/support/descriptors.hpp"

namespace sluice::daemon {
namespace {

constexpr const char* kPipeline = R"(stages:
- generate: stdin
- parse: json
- filter: status >= 500 && !path.startsWith("/health")
- enrich: {fields: {dc: fra1}, rename: {msg: message}, drop: debug, compute: {bad: nothing + 1}}
- write: stdout
)";

std::string explain(const std::string& yaml, const std::string& line) {
  const sluice::testing::TemporaryDirectory directory;
  const std::string file = directory.file("pipeline.yaml", yaml);
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = command_line(flow::background(), {"explain", file, line}, {in, out, err});
  EXPECT_EQ(code, ExitCode::ok) << err.str();
  return out.str();
}

TEST(Explain, JoinsTheLinesThatTheGeneratorWouldJoin) {
  const sluice::testing::TemporaryDirectory directory;
  const std::string file = directory.file("pipeline.yaml",
                                          "stages:\n- generate: {from: stdin, multiline: {indent: true}}\n"
                                          "- write: stdout\n");
  std::istringstream in("first\n  more\nsecond\n");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(command_line(flow::background(), {"explain", file}, {in, out, err}), ExitCode::ok) << err.str();
  EXPECT_TRUE(out.str().starts_with("line 1: first\n  more\n")) << out.str();
  EXPECT_NE(out.str().find(R"(+ message = "first\n  more")"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("\nline 3: second\n"), std::string::npos) << out.str();
}

TEST(Explain, TellsWhatEachStageDid) {
  const std::string text = explain(kPipeline, R"({"status":503,"path":"/cart","msg":"no","debug":1})");
  EXPECT_TRUE(text.starts_with(R"(generate-1 (generate stdin)
  + message = "{\"status\":503,\"path\":\"/cart\",\"msg\":\"no\",\"debug\":1}"
parse-2 (parse json)
  - message = "{\"status\":503,\"path\":\"/cart\",\"msg\":\"no\",\"debug\":1}"
  + status = 503
  + path = "/cart"
  + msg = "no"
  + debug = 1
filter-3 (filter)
  where: status >= 500 && !path.startsWith("/health")
)")) << text;
  EXPECT_NE(text.find("status (503) >= 500 is true"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(path ("/cart").startsWith("/health") is false)"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(R"(
  kept
enrich-4 (enrich)
  compute `bad`: error: the record has no field `nothing`
  error counted: no_such_field
  - msg = "no"
  - debug = 1
  + message = "no"
  + dc = "fra1"
write-5 (write stdout)
  writes:
    {"status":503,"path":"/cart","message":"no","dc":"fra1"}
)")) << text;
}

TEST(Explain, TellsWhyARecordIsFiltered) {
  const std::string text = explain(kPipeline, R"({"status":200,"path":"/"})");
  EXPECT_NE(text.find("status (200) >= 500 is false"), std::string::npos) << text;
  EXPECT_NE(text.find("filtered: the record ends here"), std::string::npos) << text;
  EXPECT_EQ(text.find("enrich-4"), std::string::npos) << text;
}

TEST(Explain, TellsWhyARecordIsRejected) {
  const std::string text = explain(kPipeline, "not json");
  EXPECT_NE(text.find("rejected, invalid_json: "), std::string::npos) << text;
  EXPECT_EQ(text.find("filter-3"), std::string::npos) << text;
}

TEST(Explain, FollowsEveryReader) {
  const std::string text = explain(
      "stages:\n- generate: stdin\n  name: in\n- write: stdout\n- write: {to: stdout, encode: raw}\n  from: in\n",
      "a b");
  EXPECT_NE(text.find(R"(    {"message":"a b"})"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    a b\n"), std::string::npos) << text;
}

TEST(Explain, ShowsTextBeforeItIsCompressedAndWhereItGoes) {
  const std::string text = explain(
      "stages:\n- generate: stdin\n- parse: json\n- write: {to: file, path: '/tmp/sluice-{a}.gz', compress: gzip}\n",
      R"({"a":7})");
  EXPECT_TRUE(text.ends_with("  writes to /tmp/sluice-7.gz, compressed with gzip:\n    {\"a\":7}\n")) << text;
  EXPECT_NE(explain("stages:\n- generate: stdin\n- write: {to: udp, address: 'example.org:5170', encode: raw}\n", "x")
                .find("writes to udp example.org:5170, a datagram:\n    x\n"),
            std::string::npos);
}

TEST(Explain, TellsWhatOnErrorDoes) {
  const auto with = [](const char* on_error) {
    return explain(std::string("stages:\n- generate: stdin\n- parse: {format: logfmt, on_error: ") + on_error +
                       "}\n- write: stdout\n",
                   "=");
  };
  EXPECT_NE(with("pass").find("`on_error: pass` lets the record go on as it came\n"), std::string::npos);
  EXPECT_NE(with("drop").find("`on_error: drop` filters the record\n"), std::string::npos);
  EXPECT_EQ(with("reject").find("`on_error"), std::string::npos);
  EXPECT_NE(with("reject").find("rejected, invalid_logfmt: "), std::string::npos);
}

TEST(Explain, TellsWhichPatternMatchedAndHowATimeWasRead) {
  const std::string text = explain(
      "stages:\n- generate: stdin\n- parse: {format: grok, pattern: ['^%{INT:n}$', '^%{WORD:w} %{GREEDYDATA:at}$'], "
      "time: {field: at, zone: Europe/Berlin}}\n- write: stdout\n",
      "up Nov 24 10:11:12");
  EXPECT_NE(text.find("matches pattern 2 of 2: `^%{WORD:w} %{GREEDYDATA:at}$`\n"), std::string::npos) << text;
  EXPECT_NE(text.find("read as `%b %d %H:%M:%S%.f`, which states no year and no zone\n"), std::string::npos) << text;
}

TEST(Explain, TakesEachLineOfStdin) {
  const sluice::testing::TemporaryDirectory directory;
  const std::string file = directory.file("pipeline.yaml", kPipeline);
  std::istringstream in("{\"status\":1}\nbroken\n");
  std::ostringstream out;
  std::ostringstream err;
  command_line(flow::background(), {"explain", file}, {in, out, err});
  EXPECT_TRUE(out.str().starts_with("line 1: {\"status\":1}\ngenerate-1")) << out.str();
  EXPECT_NE(out.str().find("\n\nline 2: broken\n"), std::string::npos) << out.str();
}

}  // namespace
}  // namespace sluice::daemon
