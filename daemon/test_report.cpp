#include "daemon/test_report.hpp"

#include <algorithm>
#include <string_view>

#include "config/text.hpp"
#include "config/units.hpp"
#include "fmt/format.h"
#include "record/utf8.hpp"

namespace sluice::daemon {
namespace {

constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kInverse = "\x1b[7m";
constexpr std::string_view kNotInverse = "\x1b[27m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";

// Line ends within a record would look like another line of the report.
std::string in_one_line(std::string_view text) {
  std::string line;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    line += config::printable(text.substr(begin, end - begin));
    if (end < text.size()) line += "\\n";
    begin = end + 1;
  }
  return line;
}

std::string text_of(const DiffLine& line, bool colour) {
  const bool is_note = line.kind == DiffLine::Kind::note;
  std::string text = is_note ? "      " : line.kind == DiffLine::Kind::expected ? "    - " : "    + ";
  if (colour && !is_note) text = fmt::format("{}{}", line.kind == DiffLine::Kind::expected ? kRed : kGreen, text);
  for (const Span& span : line.spans) {
    const bool marked = colour && span.marked && !span.text.empty();
    text += fmt::format("{}{}{}", marked ? kInverse : "", in_one_line(span.text), marked ? kNotInverse : "");
  }
  return text + (colour && !is_note ? kPlain.data() : "") + "\n";
}

std::string text_of(const std::vector<Finding>& findings, bool colour) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("  {}\n", finding.title);
    for (const DiffLine& line : finding.lines) text += text_of(line, colour);
  }
  return text;
}

// XML 1.0 section 2.2: what is no Char cannot be written at all, not even escaped.
std::string xml_text(std::string_view text) {
  std::string valid;
  record::for_each_utf8_piece(text, [&](std::string_view piece) { valid += piece; });
  std::string escaped;
  for (std::size_t at = 0; at < valid.size();) {
    const std::size_t begin = at;
    const char32_t character = config::next_code_point(valid, at);
    const bool is_control = character < 0x20 && character != '\n' && character != '\t';
    if (is_control || character == 0xfffe || character == 0xffff) {
      escaped += record::kReplacementCharacter;
    } else if (character == '&') {
      escaped += "&amp;";
    } else if (character == '<') {
      escaped += "&lt;";
    } else if (character == '>') {
      escaped += "&gt;";
    } else if (character == '"') {
      escaped += "&quot;";
    } else {
      escaped.append(valid, begin, at - begin);
    }
  }
  return escaped;
}

// Line ends and tabs in an attribute would be read as blanks.
std::string attribute(std::string_view text) { return xml_text(in_one_line(text)); }

std::string suite(const std::string& file, std::size_t tests, std::size_t failures, std::size_t errors,
                  std::chrono::nanoseconds elapsed, const std::string& cases) {
  const std::string figures = fmt::format(R"(tests="{}" failures="{}" errors="{}" time="{:.6f}")", tests, failures,
                                          errors, config::in_seconds(elapsed));
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites {0}>\n<testsuite name=\"{1}\" {0}>\n{2}</testsuite>\n</testsuites>\n",
      figures, attribute(file), cases);
}

}  // namespace

std::string describe(const TestResult& result, bool colour) {
  const std::string name = in_one_line(result.name);
  if (result.passed()) {
    return colour ? fmt::format("{}ok{}    {}\n", kGreen, kPlain, name) : fmt::format("ok    {}\n", name);
  }
  const std::string place = config::to_string(result.location);
  const std::string title =
      colour ? fmt::format("{}{}FAIL{}  {}{}{}  {}\n", kBold, kRed, kPlain, kBold, name, kPlain, place)
             : fmt::format("FAIL  {}  {}\n", name, place);
  return title + text_of(result.findings, colour);
}

std::string summarize(const std::vector<TestResult>& results, std::size_t left_out) {
  const auto failed = static_cast<std::size_t>(
      std::ranges::count_if(results, [](const TestResult& result) { return !result.passed(); }));
  const std::string_view plural = results.size() == 1 ? "" : "s";
  std::string text = failed == 0 ? fmt::format("{} test{} passed", results.size(), plural)
                                 : fmt::format("{} of {} test{} failed", failed, results.size(), plural);
  if (left_out > 0) text += fmt::format(", {} left out by --filter", left_out);
  return text + "\n";
}

std::string junit(const std::string& file, const std::vector<TestResult>& results) {
  std::string cases;
  std::size_t failures = 0;
  std::chrono::nanoseconds elapsed{};
  for (const TestResult& result : results) {
    elapsed += result.elapsed;
    cases += fmt::format(R"(<testcase classname="{}" name="{}" file="{}" line="{}" time="{:.6f}")", attribute(file),
                         attribute(result.name), attribute(result.location.file), result.location.line,
                         config::in_seconds(result.elapsed));
    if (result.passed()) {
      cases += "/>\n";
      continue;
    }
    ++failures;
    cases += fmt::format(">\n<failure message=\"{}\">{}</failure>\n</testcase>\n",
                         attribute(result.findings.front().title), xml_text(text_of(result.findings, false)));
  }
  return suite(file, results.size(), failures, 0, elapsed, cases);
}

std::string junit_error(const std::string& file, const std::string& message) {
  return suite(file, 1, 0, 1, {},
               fmt::format("<testcase classname=\"{}\" name=\"configuration\" time=\"0\">\n"
                           "<error message=\"the configuration is wrong\">{}</error>\n</testcase>\n",
                           attribute(file), xml_text(message)));
}

}  // namespace sluice::daemon
