// Stack traces and logs with several lines a record that others collected.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <map>

#include "tests/support/event_lines.hpp"
#include "tests/support/foreign.hpp"

namespace sluice::stages {
namespace {

using test::Agreement;
using test::events_of;
using test::Json;
using test::options_of;
using test::read_lines;
using test::shared_file;

std::string joined(const std::vector<std::string>& lines, const char* between = "\n") {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : between) + line;
  return text;
}

std::string_view preset_of(const std::string& id) {
  const std::map<std::string, std::string_view> presets = {
      {"java", "java"},         {"python", "python"},    {"php", "php"},      {"go", "go"},
      {"csharp", "csharp"},     {"ruby", "ruby"},        {"rails", "ruby"},   {"dart", "dart"},
      {"node", "nodejs"},       {"client_js", "nodejs"}, {"v8_js", "nodejs"}, {"arbitrary", "java"},
      {"complex_java", "java"}, {"nested_java", "java"}};
  const std::string name = id.substr(id.find('/') + 1);
  for (const auto& [prefix, preset] : presets) {
    if (name.starts_with(prefix)) return preset;
  }
  ADD_FAILURE() << "no preset for " << id;
  return "java";
}

// Each case between two ordinary lines that must stay alone.
void compare_traces(const std::string& suite, const std::function<Multiline(const std::string& id)>& rules) {
  const auto cases = read_lines(shared_file("cases/multiline-exceptions.ndjson"));
  if (!cases) GTEST_SKIP() << "no shared data";
  Agreement agreement(suite);
  for (const std::string& text : *cases) {
    const Json one(text);
    std::vector<std::string> lines;
    for (const Json& line : one.member("lines").items()) lines.push_back(line.scalar());
    std::vector<std::string> theirs = {"2026-11-25 02:00:00 INFO before"};
    if (one.text("kind").starts_with("exception")) {
      theirs.push_back(joined(lines));
    } else {
      for (const std::string& line : lines) {
        if (!line.empty()) theirs.push_back(line);  // blank lines between records are filtered
      }
    }
    theirs.push_back("2026-11-25 02:00:01 INFO after (all is well)");
    const std::string input = theirs.front() + "\n" + joined(lines) + "\n" + theirs.back() + "\n";
    agreement.equal(one.text("id"), joined(events_of(input, options_of(rules(one.text("id")))), "|"),
                    joined(theirs, "|"));
  }
}

TEST(Foreign, TracesAreOneRecordEach) {
  compare_traces("multiline-exceptions", [](const std::string& id) { return test::presets({preset_of(id)}); });
}

TEST(Foreign, TracesAreOneRecordEachWithAllPresetsAtOnce) {
  compare_traces("multiline-exceptions, all at once", [](const std::string&) { return test::all_presets(); });
}

// A log whose records begin with a time, against what a regular expression over the whole text finds.
void compare_log(const std::string& path, const std::string& start, std::size_t records) {
  const auto lines = read_lines(shared_file(path));
  if (!lines) GTEST_SKIP() << "no shared data";
  Agreement agreement(path);
  const std::string text = joined(*lines) + "\n";
  const std::vector<std::string> ours = events_of(text, options_of(test::starts_with("^" + start)));
  const re2::RE2 pattern("(?s)(" + start + ".*?)\n(?:(" + start + ")|$)");
  ASSERT_TRUE(pattern.ok()) << pattern.error();
  std::size_t at = 0;
  std::size_t count = 0;
  for (; at < text.size(); ++count) {
    re2::StringPiece groups[3];
    ASSERT_TRUE(pattern.Match(text, at, text.size(), re2::RE2::ANCHOR_START, groups, 3));
    agreement.equal(std::to_string(count + 1), count < ours.size() ? ours[count] : "no record",
                    std::string(groups[1].data(), groups[1].size()));
    at += groups[1].size() + 1;
  }
  EXPECT_EQ(ours.size(), count);
  EXPECT_EQ(count, records);
}

TEST(Foreign, LogsOfLnavWithSeveralLinesARecord) {
  compare_log("formats/multiline.0", R"(\d{4}-\d\d-\d\d )", 2);
  compare_log("formats/java.0", R"(\d{4}-\d\d-\d\dT)", 20);
}

TEST(Foreign, LogbackWithStackTraces) {
  compare_log("loggers/logback_multiline.log", R"(\d{4}-\d\d-\d\d \d\d:\d\d)", 257);
}

// The same with the preset: a trace is one record, and so is every other line.
TEST(Foreign, LogbackWithThePresetForJava) {
  const auto lines = read_lines(shared_file("loggers/logback_multiline.log"));
  if (!lines) GTEST_SKIP() << "no shared data";
  Agreement agreement("loggers/logback_multiline.log, java");
  std::vector<std::string> theirs;
  for (const std::string& line : *lines) {
    if (line.starts_with('\t') || line.starts_with("Caused by: ")) {
      theirs.back() += "\n" + line;
    } else {
      theirs.push_back(line);
    }
  }
  const std::vector<std::string> ours = events_of(joined(*lines), options_of(test::presets({"java"})));
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) agreement.equal(std::to_string(i + 1), ours[i], theirs[i]);
}

}  // namespace
}  // namespace sluice::stages
