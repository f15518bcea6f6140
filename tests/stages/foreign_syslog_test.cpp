// Syslog and system logs against rsyslog's expectations and LogHub's ground truth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/foreign.hpp"
#include "tests/support/run_stage.hpp"

namespace sluice::stages {
namespace {

using test::Agreement;
using test::Json;
using test::LineParser;
using test::read_lines;
using test::run_stage;
using test::shared_file;
using test::split_csv;
using test::StageOutcome;
using test::trimmed;

// "Mar  6 16:57:54" of an RFC 3339 time, as rsyslog prints it.
std::string as_rsyslog_writes(const std::string& time, bool zero_padded) {
  if (time.size() < 19) return time;
  static const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::string day = time.substr(8, 2);
  if (day[0] == '0' && !zero_padded) day[0] = ' ';
  return std::string(kMonths[std::stoi(time.substr(5, 2)) - 1]) + " " + day + " " + time.substr(11, 8);
}

// The first thing in which our record differs from what rsyslog makes of the message; empty if there is none.
std::string difference(const Json& ours, const Json& theirs) {
  const auto compare = [&](const char* name, const std::string& mine) -> std::string {
    if (!theirs.has(name) || theirs.member(name).is_object()) return "";  // {"any": ...}: as the receiver likes
    return mine == theirs.text(name) ? "" : std::string(name) + " `" + mine + "`, not `" + theirs.text(name) + "`; ";
  };
  const auto priority = [&] {
    if (!ours.has("facility")) return std::string();
    return std::to_string(std::stoi(ours.text("facility")) * 8 + std::stoi(ours.text("severity")));
  };
  std::string all = compare("pri", priority());
  all += compare("severity_number", ours.text("severity"));
  all += compare("hostname", ours.text("hostname"));
  all += compare("programname", ours.text("appname"));
  all += compare("pid", ours.text("procid"));
  const std::string time = theirs.text("timestamp");
  if (time.find('T') != std::string::npos) {
    all += compare("timestamp", ours.text("time").substr(0, 19));
  } else if (!time.empty()) {
    // Times with an offset are printed as they came; those are compared by the foreign text's own hour.
    const bool padded = time.size() > 4 && time[4] == '0';
    all += compare("timestamp", as_rsyslog_writes(ours.text("time"), padded));
  }
  // rsyslog keeps the blank before the message.
  if (theirs.has("msg") && trimmed(ours.text("message")) != trimmed(theirs.text("msg"))) {
    all += "msg `" + ours.text("message") + "`, not `" + theirs.text("msg") + "`";
  }
  return all;
}

TEST(Foreign, SyslogAsRsyslogReadsIt) {
  const auto cases = read_lines(shared_file("cases/syslog-rsyslog.ndjson"));
  if (!cases) GTEST_SKIP() << "no shared data";
  Agreement agreement("syslog-rsyslog");
  LineParser parse("- parse: {format: syslog, year: 2010}");
  for (const std::string& text : *cases) {
    const Json one(text);
    const std::string output = parse(one.text("input"));
    const Json ours(output);
    std::string differs = ours.is_object() ? "" : output;
    if (ours.is_object() && one.member("expect").is_object()) differs = difference(ours, one.member("expect"));
    agreement.check(one.text("id"), differs.empty(), differs);
  }
}

// LogHub's columns against ours: parses the log with `yaml` and compares `columns` (theirs -> ours).
void compare_loghub(const std::string& name, const std::string& yaml,
                    const std::vector<std::pair<std::string, std::string>>& columns) {
  const auto lines = read_lines(shared_file("loghub/" + name + ".log"));
  const auto truth = read_lines(shared_file("loghub/" + name + ".log_structured.csv"));
  if (!lines || !truth) GTEST_SKIP() << "no shared data";
  Agreement agreement("loghub " + name);
  LineParser parse(yaml);
  ASSERT_EQ(lines->size() + 1, truth->size());
  const std::vector<std::string> header = split_csv((*truth)[0]);
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const std::vector<std::string> row = split_csv((*truth)[i + 1]);
    const Json ours(parse((*lines)[i]));
    std::string differs = ours.is_object() ? "" : ours.json();
    for (const auto& [theirs, field] : columns) {
      if (!ours.is_object()) break;
      const auto column = static_cast<std::size_t>(std::find(header.begin(), header.end(), theirs) - header.begin());
      ASSERT_LT(column, row.size());
      if (trimmed(ours.text(field)) != trimmed(row[column])) {
        differs += theirs + " `" + ours.text(field) + "`, not `" + row[column] + "`; ";
      }
    }
    agreement.check(row[0], differs.empty(), differs);
  }
}

TEST(Foreign, LoghubLinux) {
  compare_loghub("Linux_2k", "- parse: {format: rfc3164, year: 2005}",
                 {{"Level", "hostname"}, {"Component", "appname"}, {"PID", "procid"}, {"Content", "message"}});
}

TEST(Foreign, LoghubOpenSsh) {
  compare_loghub("OpenSSH_2k", "- parse: {format: syslog, year: 2005}",
                 {{"Component", "hostname"}, {"Pid", "procid"}, {"Content", "message"}});
}

TEST(Foreign, LoghubApache) {
  compare_loghub("Apache_2k",
                 "- parse: {format: grok, pattern: '^\\[%{HTTPDERROR_DATE:time}\\] \\[%{LOGLEVEL:level}\\] "
                 "%{GREEDYDATA:message}'}",
                 {{"Time", "time"}, {"Level", "level"}, {"Content", "message"}});
}

TEST(Foreign, LoghubHdfs) {
  compare_loghub("HDFS_2k",
                 "- parse: {format: grok, pattern: '^(?<date>\\d{6}) (?<clock>\\d{6}) %{INT:pid} %{LOGLEVEL:level} "
                 "%{NOTSPACE:component}: %{GREEDYDATA:message}'}",
                 {{"Date", "date"},
                  {"Time", "clock"},
                  {"Pid", "pid"},
                  {"Level", "level"},
                  {"Component", "component"},
                  {"Content", "message"}});
}

TEST(Foreign, LoghubHadoop) {
  compare_loghub("Hadoop_2k",
                 "- parse: {format: regex, pattern: '^(?P<date>\\S+) (?P<clock>\\S+) (?P<level>\\w+) "
                 "\\[(?P<process>.*?)\\] (?P<component>[^\\s:]+): (?P<message>.*)$'}",
                 {{"Date", "date"},
                  {"Time", "clock"},
                  {"Level", "level"},
                  {"Process", "process"},
                  {"Component", "component"},
                  {"Content", "message"}});
}

TEST(Foreign, LoghubZookeeper) {
  compare_loghub("Zookeeper_2k",
                 "- parse: {format: regex, pattern: '^(?P<date>\\S+) (?P<clock>\\S+) - (?P<level>\\w+) +"
                 "\\[(?P<node>.*?):(?P<component>[^@]*)@(?P<id>\\d+)\\] - (?P<message>.*)$'}",
                 {{"Date", "date"}, {"Time", "clock"}, {"Level", "level"}, {"Id", "id"}, {"Content", "message"}});
}

TEST(Foreign, SmallSyslogFilesParse) {
  const auto first = read_lines(shared_file("formats/syslog.0"));
  if (!first) GTEST_SKIP() << "no shared data";
  for (const char* path :
       {"formats/syslog.0", "formats/syslog.1", "formats/syslog.2", "formats/syslog.3", "formats/syslog_with_header.0",
        "formats/syslog_with_mixed_times.0", "formats/with_zones.0"}) {
    Agreement agreement(path);
    LineParser parse("- parse: {format: syslog, year: 2015}");
    const auto lines = *read_lines(shared_file(path));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Json ours(parse(lines[i]));
      // A line that begins like one has host, program and message; others (headers, continued lines) are rejected.
      const bool is_one =
          lines[i].find(' ') != std::string::npos && lines[i][0] != '\t' && lines[i].rfind("Header", 0) != 0;
      agreement.check(std::to_string(i + 1),
                      is_one ? ours.has("time") && ours.has("hostname") && ours.has("appname") && ours.has("message")
                             : !ours.is_object(),
                      ours.json());
    }
  }
}

}  // namespace
}  // namespace sluice::stages
