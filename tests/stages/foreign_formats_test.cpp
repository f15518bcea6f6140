// Text formats against expectations that others wrote: see ../shared/data/README.md for the sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "tests/support/foreign.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::Agreement;
using test::Json;
using test::LineParser;
using test::parse_line;
using test::read_lines;
using test::run_stage;
using test::shared_file;
using test::StageOutcome;

#define SLUICE_NEED(variable, path)                                              \
  const auto variable##_or_none = read_lines(shared_file(path));                 \
  if (!variable##_or_none) GTEST_SKIP() << shared_file(path) << " is not there"; \
  const std::vector<std::string>& variable = *variable##_or_none

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// What go-logfmt would have: null for keys without a value.
std::string as_go_writes(const std::string& output) {
  record::Arena arena;
  std::string pairs;
  for (const record::Field& field : record::resolve(record::Value::json(output), arena).fields()) {
    const record::Value value = record::resolve(field.value, arena);
    const bool none = value.is(record::Type::boolean) || value.text().empty();
    pairs +=
        "[" + std::string(field.name.text()) + "]=" + (none ? "null" : "[" + std::string(value.text()) + "]") + " ";
  }
  return pairs;
}

std::string as_expected(const Json& pairs) {
  std::string text;
  for (const Json& pair : pairs.items()) {
    const std::vector<Json> both = pair.items();
    text += "[" + both[0].scalar() + "]=" + (both[1].json() == "null" ? "null" : "[" + both[1].scalar() + "]") + " ";
  }
  return text;
}

TEST(Foreign, LogfmtDecodesAsGoDoes) {
  SLUICE_NEED(cases, "cases/logfmt-go.ndjson");
  Agreement agreement("logfmt-go");
  LineParser parse("- parse: logfmt");
  for (const std::string& text : cases) {
    const Json one(text);
    std::string input = one.text("input");
    if (one.has("input_base64")) input = one.text("input_base64") == "gA==" ? "\x80" : "\x80=bar";
    const std::vector<std::string> lines = split_lines(input);
    if (one.text("ok") == "true") {
      const std::vector<Json> expected = one.member("expect_records").items();
      bool agrees = expected.size() == lines.size();
      std::string what;
      for (std::size_t i = 0; agrees && i < lines.size(); ++i) {
        const std::string theirs = expected[i].json() == "null" ? "" : as_expected(expected[i]);
        const std::string ours = as_go_writes(parse(lines[i]));
        agrees = ours == theirs;
        what = ours + " instead of " + theirs;
      }
      agreement.check(one.text("id"), agrees, what);
    } else {
      const std::string result = parse(lines.back());
      const bool same_reason = result.find(one.text("error")) != std::string::npos;
      const bool same_place = one.text("error").rfind("unexpected", 0) != 0 ||
                              result.find("byte " + one.text("column") + ":") != std::string::npos;
      agreement.check(one.text("id"), same_reason && same_place, result);
    }
  }
}

TEST(Foreign, LogfmtOfLogrusAndOthersParses) {
  for (const char* path : {"loggers/logrus.logfmt", "formats/logfmt.0"}) {
    SLUICE_NEED(lines, path);
    Agreement agreement(path);
    const StageOutcome outcome = run_stage("- parse: logfmt", lines);
    ASSERT_EQ(outcome.output.size(), lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Json record(outcome.output[i]);
      agreement.check(std::to_string(i + 1), record.has("time") && record.has("level") && record.has("msg"), lines[i]);
    }
  }
}

// Access logs against a regular expression, for the lines without escapes.
void compare_access_log(const std::string& path, const std::string& format, bool has_agent) {
  SLUICE_NEED(lines, path);
  Agreement agreement(path);
  LineParser parse("- parse: " + format);
  const re2::RE2 pattern(
      R"re(^(\S+) (\S+) (\S+) \[([^\]]+)\] "(?:([A-Z]+) (.*) (HTTP/[0-9.]+)|[^"]*)" (\S+) (\S+)(?: "([^"]*)" "([^"]*)")?(.*)$)re");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json ours(parse(lines[i]));
    std::string ip, ident, user, time, method, path_text, protocol, status, bytes, referer, agent, rest;
    if (!re2::RE2::FullMatch(lines[i], pattern, &ip, &ident, &user, &time, &method, &path_text, &protocol, &status,
                             &bytes, &referer, &agent, &rest)) {
      agreement.check(std::to_string(i + 1), !ours.is_object(), lines[i]);
      continue;
    }
    if (lines[i].find('\\') != std::string::npos) {
      agreement.check(std::to_string(i + 1), ours.is_object(), ours.json());
      continue;
    }
    const auto same = [&](const char* name, const std::string& theirs) {
      return ours.text(name) == (theirs == "-" ? "" : theirs);
    };
    const bool agrees = ours.is_object() && same("client_ip", ip) && same("ident", ident) && same("user", user) &&
                        same("method", method) && same("path", path_text) && same("protocol", protocol) &&
                        same("status", status) && same("bytes", bytes) &&
                        (!has_agent || (same("referer", referer) && same("user_agent", agent)));
    agreement.check(std::to_string(i + 1), agrees, ours.json() + " for " + lines[i]);
  }
}

TEST(Foreign, ApacheCombinedLog) { compare_access_log("access/apache_combined.log", "combined", true); }
TEST(Foreign, ShopAccessLog) { compare_access_log("formats/shop_access_log.0", "combined", true); }
TEST(Foreign, SmallAccessLogs) {
  compare_access_log("formats/access_log.0", "combined", true);
  compare_access_log("formats/bad_access_log.0", "combined", true);
}
TEST(Foreign, CommonLog) { compare_access_log("loggers/common.log", "common", false); }

TEST(Foreign, KlogOfGlogParses) {
  for (const char* path : {"loggers/glog.log", "formats/glog.0"}) {
    SLUICE_NEED(lines, path);
    Agreement agreement(path);
    LineParser parse("- parse: {format: klog, year: 2024}");
    const re2::RE2 pattern(R"(^([IWEF])(\d{4}) (\d\d:\d\d:\d\d)\.(\d{6}) +(\d+) ([^:]+):(\d+)\] (.*)$)");
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Json ours(parse(lines[i]));
      std::string level, date, clock, fraction, thread, file, line, message;
      ASSERT_TRUE(
          re2::RE2::FullMatch(lines[i], pattern, &level, &date, &clock, &fraction, &thread, &file, &line, &message))
          << lines[i];
      const std::string time = "2024-" + date.substr(0, 2) + "-" + date.substr(2) + "T" + clock;
      agreement.check(std::to_string(i + 1),
                      ours.text("time").substr(0, 19) == time && ours.text("thread") == thread &&
                          ours.text("file") == file && ours.text("line") == line && ours.text("message") == message,
                      ours.json());
    }
  }
}

// How each of Vector's published examples is written here; the input is the first text of its program.
struct VectorExample {
  const char* id;
  const char* yaml;
};
constexpr VectorExample kVectorExamples[] = {
    {"parse_apache_log/Parse using Apache log format (common)", "- parse: common"},
    {"parse_apache_log/Parse using Apache log format (combined)", "- parse: combined"},
    {"parse_common_log/Parse using Common Log Format (with default timestamp format)", "- parse: common"},
    {"parse_nginx_log/Parse via Nginx log format (combined)", "- parse: combined"},
    {"parse_syslog/Parse Syslog log (5424)", "- parse: {format: syslog, names: true}"},
    {"parse_logfmt/Parse simple logfmt log", "- parse: logfmt"},
    {"parse_logfmt/Parse logfmt log", "- parse: logfmt"},
    {"parse_logfmt/Parse logfmt log with standalone key", "- parse: logfmt"},
    {"parse_key_value/Parse simple key value pairs", "- parse: kv"},
    {"parse_key_value/Parse logfmt log", "- parse: kv"},
    {"parse_key_value/Parse comma delimited log",
     "- parse: {format: kv, field_delimiter: ',', key_value_delimiter: ':'}"},
    {"parse_key_value/Parse comma delimited log with standalone keys",
     "- parse: {format: kv, field_delimiter: ',', key_value_delimiter: ':'}"},
    {"parse_key_value/Parse duplicate keys", "- parse: {format: kv, field_delimiter: ','}"},
    {"parse_key_value/Parse with strict whitespace", "- parse: kv"},
    {"parse_klog/Parse using klog", "- parse: {format: klog, year: 2026}"},
    {"parse_glog/Parse using glog", "- parse: klog"},
    {"parse_csv/Parse a single CSV formatted row", "- parse: {format: csv, columns: [a, b, c]}"},
    {"parse_csv/Parse a single CSV formatted row with custom delimiter",
     "- parse: {format: csv, columns: [a, b], delimiter: ' '}"},
    {"parse_grok/Parse using Grok",
     "- parse: {format: grok, pattern: '%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} %{GREEDYDATA:message}'}"},
    {"parse_groks/Parse using multiple Grok patterns",
     "- parse:\n    format: grok\n    pattern: ['%{common_prefix} %{_status} %{_message}', '%{common_prefix} "
     "%{_message}']\n"
     "    patterns: {common_prefix: '%{_timestamp} %{_loglevel}', _timestamp: '%{TIMESTAMP_ISO8601:timestamp}', "
     "_loglevel: '%{LOGLEVEL:level}', _status: '%{POSINT:status}', _message: '%{GREEDYDATA:message}'}"},
    {"parse_groks/Parse using aliases from file",
     "- parse: {format: grok, pattern: '%{PATTERN_A}', patterns: {PATTERN_A: '%{PATTERN_B}', PATTERN_B: "
     "'username=%{USERNAME:username}'}}"},
    {"parse_regex/Parse using Regex (with capture groups)",
     "- parse: {format: regex, pattern: '(?P<number>.*?) group'}"},
    {"parse_regex/Parse using Regex with simple match",
     "- parse: {format: regex, pattern: '^(?P<host>[\\w\\.]+) - (?P<user>[\\w]+)'}"},
};

// The first text of a program: "..." with escapes or s'...'.
std::string first_text(const std::string& program) {
  std::string text;
  const std::size_t at = program.find_first_of("\"'");
  const char quote = program[at];
  const bool raw = quote == '\'';
  for (std::size_t i = at + 1; i < program.size() && program[i] != quote; ++i) {
    if (!raw && program[i] == '\\') ++i;
    text += program[i];
  }
  return text;
}

TEST(Foreign, VectorsPublishedExamples) {
  SLUICE_NEED(cases, "cases/vrl-doc-examples.ndjson");
  Agreement agreement("vrl-doc-examples");
  for (const VectorExample& example : kVectorExamples) {
    const auto found = std::find_if(cases.begin(), cases.end(), [&](const std::string& text) {
      return Json(text).text("id") == std::string("vrl-docs/") + example.id;
    });
    ASSERT_NE(found, cases.end()) << example.id;
    const Json one(*found);
    const std::string ours = parse_line(example.yaml, first_text(one.text("source")));
    // Values only: the names of fields are Vector's. It keeps the request whole (and nginx's only so), we keep its
    // parts.
    const Json record(ours);
    const std::string request = record.text("method") + " " + record.text("path") + " " + record.text("protocol");
    const Json expected = one.member("return");
    const auto theirs = expected.scalars();
    const auto mine = record.scalars();
    const auto among = [](const std::vector<std::string>& values, const std::string& value) {
      return std::find(values.begin(), values.end(), value) != values.end();
    };
    const auto unquoted = [](const std::string& value) {
      return value.size() < 2 || value.front() != '"' ? value : value.substr(1, value.size() - 2);
    };
    bool agrees = record.is_object();
    for (const std::string& value : agrees ? mine : std::vector<std::string>()) {
      agrees = agrees && (among(theirs, value) || among(theirs, unquoted(value)) ||
                          (among(theirs, request) && request.find(value) != std::string::npos));
    }
    for (const std::string& value : agrees ? theirs : std::vector<std::string>()) {
      agrees = agrees && (among(mine, value) || value == request || among(mine, '"' + value + '"') ||
                          value == expected.text("version"));
    }
    agreement.check(example.id, agrees, ours + " for " + expected.json());
  }
}

TEST(Foreign, BrokenBytesAndLineEndsAreSurvived) {
  for (const char* path : {"formats/invalid_utf8.0", "formats/crlf.0", "formats/java.0", "formats/multiline.0"}) {
    SLUICE_NEED(lines, path);
    for (const char* format :
         {"logfmt", "combined", "common", "syslog", "rfc3164", "rfc5424", "cri", "docker", "klog", "kv",
          "{format: csv, columns: [a], ragged: true}", "{format: regex, pattern: '(?P<all>.*)'}",
          "{format: grok, pattern: '%{GREEDYDATA:all}'}", "json"}) {
      const StageOutcome outcome = run_stage(std::string("- parse: ") + format, lines);
      for (const std::string& output : outcome.output) EXPECT_TRUE(record::is_valid_json(output)) << output;
    }
  }
}

}  // namespace
}  // namespace sluice::stages
