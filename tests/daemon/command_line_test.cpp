#include "daemon/command_line.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "record/json.hpp"
#include "tests/support/descriptors.hpp"

namespace sluice::daemon {
namespace {

struct Answer {
  ExitCode code;
  std::string out;
  std::string err;
};

Answer sluice(const std::vector<std::string>& arguments, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = command_line(flow::background(), arguments, {in, out, err});
  return {code, out.str(), err.str()};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A directory with a pipeline that reads a file and writes a file.
class CommandLineTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path(name); }
  std::string pipeline(const std::string& middle) const {
    return directory_.file("pipeline.yaml", "stages:\n- generate: {from: file, paths: " + path("in") + "}\n" + middle +
                                                "- write: {to: file, path: " + path("out") +
                                                "}\nrejects: " + path("rejects") + "\n");
  }
  std::string content(const std::string& name) const { return sluice::testing::content_of(path(name)); }

  sluice::testing::TemporaryDirectory directory_;
};

TEST_F(CommandLineTest, RunsAPipelineAndWritesTheLedger) {
  directory_.file("in", "{\"level\":\"error\",\"n\":1.0}\n{\"level\":\"info\"}\nbroken\n");
  const std::string file = pipeline("- parse: json\n- filter: level == \"error\"\n- enrich: {fields: {dc: fra1}}\n");
  const Answer answer = sluice({"run", file, "--ledger", path("ledger"), "--log-level", "off"});
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.err;
  EXPECT_EQ(content("out"), "{\"level\":\"error\",\"n\":1.0,\"dc\":\"fra1\"}\n");
  EXPECT_TRUE(contains(content("rejects"), R"("reason":"invalid_json")")) << content("rejects");
  const std::string ledger = content("ledger");
  EXPECT_TRUE(record::is_valid_json(ledger)) << ledger;
  EXPECT_TRUE(ledger.starts_with(R"({"balanced": true, "cause": "eof", "received": 3, "written": 1, "filtered": 1, )"
                                 R"("rejected": 1, "abandoned": 0, "in_flight": 0)"))
      << ledger;
}

TEST_F(CommandLineTest, FailsWhenAStageFails) {
  directory_.file("in", "line\n");
  const std::string file = pipeline("");
  const Answer answer =
      sluice({"run", file, "--set", "stages.write-2.path=/dev/full", "--ledger", path("ledger"), "--log-level", "off"});
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_TRUE(contains(content("ledger"), R"("balanced": true, "cause": "error: write-2: )")) << content("ledger");
  EXPECT_TRUE(contains(content("ledger"), R"("abandoned": 1)")) << content("ledger");
}

TEST_F(CommandLineTest, FailsWithOnErrorFail) {
  directory_.file("in", "line\n");
  const std::string file = pipeline("- parse: {format: json, on_error: fail}\n");
  const Answer answer = sluice({"run", file, "--ledger", path("ledger"), "--log-level", "off"});
  EXPECT_EQ(answer.code, ExitCode::failed);
  EXPECT_TRUE(contains(content("ledger"), R"("abandoned": 1)")) << content("ledger");
}

TEST_F(CommandLineTest, LeavesALedgerEvenWhenTheConfigurationIsWrong) {
  const std::string file = pipeline("- filter: level =\n");
  const Answer answer = sluice({"run", file, "--ledger", path("ledger")});
  EXPECT_EQ(answer.code, ExitCode::wrong_config);
  EXPECT_TRUE(contains(content("ledger"), R"("cause": "error: the configuration is wrong")"));
}

TEST_F(CommandLineTest, ChecksEverythingAtOnce) {
  const std::string file =
      pipeline("- parse: jason\n- filter: level = \"x\"\n- enrich: {compute: {a: siez(b)}, feilds: {}}\n");
  const Answer answer = sluice({"check", file});
  EXPECT_EQ(answer.code, ExitCode::wrong_config);
  EXPECT_TRUE(contains(answer.err, "pipeline.yaml:3:")) << answer.err;
  EXPECT_TRUE(contains(answer.err, "pipeline.yaml:4:")) << answer.err;
  EXPECT_TRUE(contains(answer.err, "pipeline.yaml:5:")) << answer.err;
  EXPECT_TRUE(contains(answer.err, "did you mean `json`?")) << answer.err;
  EXPECT_TRUE(contains(answer.err, "did you mean `fields`?")) << answer.err;
  EXPECT_TRUE(answer.out.empty());
}

TEST_F(CommandLineTest, ShowsTheTopologyOfARightConfiguration) {
  const Answer answer = sluice({"check", pipeline("- parse: json\n- filter: a == 1\n")});
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.err;
  EXPECT_TRUE(answer.out.starts_with("ok: ")) << answer.out;
  EXPECT_TRUE(contains(answer.out, "generate-1 [thread] -> parse-2 + filter-3 + write-4 (encode) [pool]"))
      << answer.out;
}

TEST_F(CommandLineTest, ReadsTheConfigurationFromStdin) {
  const Answer answer = sluice({"check", "-"}, "stages: [generate: {from: demo, count: 1}, write: stdout]\n");
  EXPECT_EQ(answer.code, ExitCode::ok) << answer.err;
  const Answer twice = sluice({"run", "-"}, "stages: [generate: stdin, write: stdout]\n");
  EXPECT_EQ(twice.code, ExitCode::wrong_config);
  EXPECT_TRUE(contains(twice.err, "stdin holds the configuration")) << twice.err;
}

TEST_F(CommandLineTest, LocatesErrorsInOverrides) {
  const Answer answer = sluice({"check", pipeline(""), "--set", "pipeline.qeue=3"});
  EXPECT_EQ(answer.code, ExitCode::wrong_config);
  EXPECT_TRUE(contains(answer.err, "--set pipeline.qeue")) << answer.err;
  EXPECT_EQ(sluice({"check", pipeline(""), "--workers", "3", "--grace", "5s"}).code, ExitCode::ok);
}

TEST_F(CommandLineTest, AFileThatIsNotThereIsAWrongConfiguration) {
  const Answer answer = sluice({"check", path("none.yaml")});
  EXPECT_EQ(answer.code, ExitCode::wrong_config);
  EXPECT_TRUE(contains(answer.err, "none.yaml")) << answer.err;
}

TEST(CommandLine, WrongUsageIs64) {
  EXPECT_EQ(sluice({}).code, ExitCode::usage);
  EXPECT_EQ(sluice({"run"}).code, ExitCode::usage);
  EXPECT_EQ(sluice({"check", "a.yaml", "--bogus"}).code, ExitCode::usage);
  EXPECT_EQ(sluice({"run", "a.yaml", "--log-level", "loud"}).code, ExitCode::usage);
  EXPECT_EQ(sluice({"run", "a.yaml", "--workers", "many"}).code, ExitCode::usage);
  EXPECT_EQ(sluice({"run", "a.yaml", "--workers", "0"}).code, ExitCode::usage);
  EXPECT_EQ(sluice({"run", "a.yaml", "--grace", "5 parsecs"}).code, ExitCode::usage);
  const Answer answer = sluice({"chekc", "a.yaml"});
  EXPECT_EQ(answer.code, ExitCode::usage);
  EXPECT_TRUE(contains(answer.err, "did you mean `check`?")) << answer.err;
}

TEST(CommandLine, SaysWhereItAskedWhenNobodyAnswers) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"top"}, {"tap", "parse-2"}, {"status"}, {"reload"}}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), {"--admin", "/nonexistent/admin.sock"});
    const Answer answer = sluice(words);
    EXPECT_EQ(answer.code, ExitCode::failed);
    EXPECT_TRUE(contains(answer.err, "there is no /nonexistent/admin.sock (--admin)")) << answer.err;
  }
  EXPECT_TRUE(contains(sluice({"status", "--admin", "nowhere"}).err, "`nowhere` is no address"));
}

TEST(CommandLine, HelpAndVersionSucceed) {
  const Answer version = sluice({"--version"});
  EXPECT_EQ(version.code, ExitCode::ok);
  EXPECT_TRUE(version.out.starts_with("sluice ")) << version.out;
  const Answer help = sluice({"--help"});
  EXPECT_EQ(help.code, ExitCode::ok);
  for (const char* command : {"run", "check", "explain", "schema", "stages"}) {
    EXPECT_TRUE(contains(help.out, command));
    const Answer own = sluice({command, "--help"});
    EXPECT_EQ(own.code, ExitCode::ok);
    EXPECT_FALSE(own.out.empty());
  }
}

TEST(CommandLine, PrintsTheSchema) {
  const Answer answer = sluice({"schema"});
  EXPECT_EQ(answer.code, ExitCode::ok);
  EXPECT_TRUE(record::is_valid_json(answer.out));
}

TEST(CommandLine, PrintsTheReference) {
  EXPECT_TRUE(contains(sluice({"stages"}).out, "enrich"));
  EXPECT_TRUE(contains(sluice({"stages", "filter"}).out, "where"));
  EXPECT_TRUE(contains(sluice({"stages", "parse", "json"}).out, "JSON"));
  const Answer unknown = sluice({"stages", "fliter"});
  EXPECT_EQ(unknown.code, ExitCode::usage);
  EXPECT_TRUE(contains(unknown.err, "did you mean `filter`?")) << unknown.err;
}

TEST(CommandLine, TheReferenceInDocsIsUpToDate) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/reference.md");
  const std::string kept{std::istreambuf_iterator<char>(file), {}};
  const bool up_to_date = kept == sluice({"stages", "--markdown"}).out;  // no EXPECT_EQ: it would print both
  EXPECT_TRUE(up_to_date) << "run: build/dev/sluice stages --markdown > docs/reference.md";
}

}  // namespace
}  // namespace sluice::daemon
