#include "daemon/test_diff.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "daemon/test_align.hpp"
#include "fmt/format.h"

namespace sluice::daemon {
namespace {

using Kind = DiffLine::Kind;

DiffLine plain(Kind kind, std::string text) { return {kind, {{std::move(text), false}}}; }

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

class Comparison {
 public:
  Comparison(const TestCase& test, TestOutcome& outcome, const StageSet& set)
      : test_(test), outcome_(outcome), set_(set) {}

  std::vector<Finding> run() {
    error();
    for (const ExpectedOutput& output : test_.outputs) this->output(output);
    rejected();
    if (test_.filtered) filtered(*test_.filtered);
    return std::move(findings_);
  }

 private:
  const std::string& name(std::size_t stage) const { return set_.stages[stage].config.name; }

  void error() {
    const std::string message = outcome_.error ? outcome_.error.message() : "";
    if (test_.error.empty()) {
      if (outcome_.error) findings_.push_back({"an error stops the pipeline", {plain(Kind::actual, message)}});
    } else if (!outcome_.error) {
      findings_.push_back({"no error stops the pipeline", {plain(Kind::expected, test_.error)}});
    } else if (message.find(test_.error) == std::string::npos) {
      findings_.push_back(
          {"another error stops the pipeline", {plain(Kind::expected, test_.error), plain(Kind::actual, message)}});
    }
  }

  // A number that is not the right one, with what was counted.
  void count(std::string_view where, std::string_view what, std::uint64_t expected, std::vector<DiffLine> actual) {
    if (expected == actual.size()) return;
    findings_.push_back(
        {fmt::format("{}: expected {}, found {}", where, counted(expected, what), actual.size()), std::move(actual)});
  }

  // Each pair that does not match becomes a finding by `show`, which is given a number for its title.
  template <class Show>
  void pairs(std::string_view where, std::size_t expected, std::size_t actual,
             const std::function<bool(std::size_t, std::size_t)>& matches, Show show) {
    for (const Unmatched& pair : align(expected, actual, matches)) {
      const std::size_t number = (pair.actual ? *pair.actual : *pair.expected) + 1;
      const std::string_view what = !pair.actual     ? "is missing"
                                    : !pair.expected ? "was not expected"
                                                     : "is not as expected";
      findings_.push_back({fmt::format("{}, number {}: {}", where, number, what), show(pair)});
    }
  }

  // ---- what a writer writes

  void output(const ExpectedOutput& expected) {
    std::vector<WrittenRecord>& written = outcome_.written[expected.writer];
    const std::string where = name(expected.writer);
    if (expected.count) {
      std::vector<DiffLine> actual;
      for (const WrittenRecord& each : written) actual.push_back(plain(Kind::actual, each.text));
      return count(where, "record", *expected.count, std::move(actual));
    }
    pairs(
        where, expected.records.size(), written.size(),
        [&](std::size_t i, std::size_t j) { return is_as(expected.records[i], written[j]); },
        [&](const Unmatched& pair) {
          const ExpectedRecord* wanted = pair.expected ? &expected.records[*pair.expected] : nullptr;
          return show_records(wanted, pair.actual ? &written[*pair.actual] : nullptr);
        });
  }

  bool is_as(const ExpectedRecord& expected, WrittenRecord& written) {
    if (expected.kind == ExpectedRecord::Kind::condition) {
      record::Record& record = written.batch.records().front();
      return std::ranges::all_of(expected.conditions, [&](const expression::Program& condition) {
        return static_cast<bool>(condition.matches(record, written.batch.arena()));
      });
    }
    if (expected.kind == ExpectedRecord::Kind::text && expected.text == written.text) return true;
    const std::optional<record::Value> wanted = value_of(expected);
    const std::optional<record::Value> found = wanted ? as_object(written.text) : std::nullopt;
    return found && is_same(*wanted, *found, arena_);
  }

  // Nothing if only the text matters.
  std::optional<record::Value> value_of(const ExpectedRecord& expected) const {
    if (expected.kind == ExpectedRecord::Kind::value) return expected.value;
    return test_.exact ? std::nullopt : as_object(expected.text);
  }

  std::vector<DiffLine> show_records(const ExpectedRecord* expected, WrittenRecord* written) {
    if (expected != nullptr && expected->kind == ExpectedRecord::Kind::condition) return show(*expected, written);
    if (expected == nullptr) return {plain(Kind::actual, written->text)};
    const std::optional<record::Value> wanted = value_of(*expected);
    const std::string text = expected->kind == ExpectedRecord::Kind::value ? json_of(expected->value) : expected->text;
    if (written == nullptr) return {plain(Kind::expected, text)};
    const std::optional<record::Value> found = wanted ? as_object(written->text) : std::nullopt;
    if (found) {
      FieldDifferences fields = differences(*wanted, *found, arena_);
      std::vector<DiffLine> lines{{Kind::expected, std::move(fields.expected)},
                                  {Kind::actual, std::move(fields.actual)}};
      for (std::string& sentence : fields.sentences) lines.push_back(plain(Kind::note, std::move(sentence)));
      return lines;
    }
    TextDifference texts = difference(text, written->text);
    return {{Kind::expected, std::move(texts.expected)}, {Kind::actual, std::move(texts.actual)}};
  }

  // The conditions that do not hold, and why.
  std::vector<DiffLine> show(const ExpectedRecord& expected, WrittenRecord* written) {
    std::vector<DiffLine> lines;
    std::vector<DiffLine> notes;
    for (const expression::Program& condition : expected.conditions) {
      if (written != nullptr) {
        record::Record& record = written->batch.records().front();
        if (condition.matches(record, written->batch.arena())) continue;
        for (const expression::Observation& each : condition.explain(record, written->batch.arena())) {
          notes.push_back(plain(Kind::note, std::string(2 * static_cast<std::size_t>(each.depth), ' ') + each.text));
        }
      }
      lines.push_back(plain(Kind::expected, fmt::format("where: {}", condition.source())));
    }
    if (written != nullptr) lines.push_back(plain(Kind::actual, written->text));
    std::ranges::move(notes, std::back_inserter(lines));
    return lines;
  }

  // ---- what ends before that

  static std::string text_of(const ExpectedRejection& expected) {
    std::string text = expected.reason.empty() ? "any reason" : expected.reason;
    if (!expected.stage.empty()) text = expected.stage + " " + text;
    if (!expected.detail.empty()) text += fmt::format(", ...{}...", expected.detail);
    if (expected.raw) text += ": " + *expected.raw;
    return text;
  }

  std::string text_of(const RejectedRecord& actual) const {
    const stages::Rejection& rejection = actual.rejection;
    return fmt::format("{} {}, {}: {}", name(actual.stage), rejection.reason, rejection.detail, rejection.raw);
  }

  bool is_as(const ExpectedRejection& expected, const RejectedRecord& actual) const {
    const stages::Rejection& rejection = actual.rejection;
    return (expected.reason.empty() || expected.reason == rejection.reason) &&
           (expected.stage.empty() || expected.stage == name(actual.stage)) &&
           rejection.detail.find(expected.detail) != std::string::npos &&
           (!expected.raw || *expected.raw == rejection.raw);
  }

  // Items of both lists by their texts.
  template <class Wanted, class Found>
  void lists(std::string_view where, const std::vector<Wanted>& expected, const std::vector<Found>& actual,
             const std::function<bool(std::size_t, std::size_t)>& matches,
             const std::function<std::string(const Wanted&)>& wanted_text,
             const std::function<std::string(const Found&)>& found_text) {
    pairs(where, expected.size(), actual.size(), matches, [&](const Unmatched& pair) {
      std::vector<DiffLine> lines;
      if (pair.expected) lines.push_back(plain(Kind::expected, wanted_text(expected[*pair.expected])));
      if (pair.actual) lines.push_back(plain(Kind::actual, found_text(actual[*pair.actual])));
      return lines;
    });
  }

  void rejected() {
    const std::vector<RejectedRecord>& actual = outcome_.rejected;
    if (test_.rejected.count) {
      std::vector<DiffLine> lines;
      for (const RejectedRecord& each : actual) lines.push_back(plain(Kind::actual, text_of(each)));
      return count("rejected", "record", *test_.rejected.count, std::move(lines));
    }
    const std::vector<ExpectedRejection>& expected = test_.rejected.items;
    lists<ExpectedRejection, RejectedRecord>(
        "rejected", expected, actual, [&](std::size_t i, std::size_t j) { return is_as(expected[i], actual[j]); },
        [](const ExpectedRejection& each) { return text_of(each); },
        [this](const RejectedRecord& each) { return text_of(each); });
  }

  void filtered(const Expected<std::string>& expected) {
    const auto text = [this](const FilteredLine& each) { return fmt::format("{}: {}", name(each.stage), each.line); };
    if (expected.count) {
      std::vector<DiffLine> lines;
      for (const FilteredLine& each : outcome_.filtered) lines.push_back(plain(Kind::actual, text(each)));
      return count("filtered", "line", *expected.count, std::move(lines));
    }
    lists<std::string, FilteredLine>(
        "filtered", expected.items, outcome_.filtered,
        [&](std::size_t i, std::size_t j) { return expected.items[i] == outcome_.filtered[j].line; },
        [](const std::string& line) { return line; }, text);
  }

  const TestCase& test_;
  TestOutcome& outcome_;
  const StageSet& set_;
  record::Arena arena_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> compare(const TestCase& test, TestOutcome& outcome, const StageSet& set) {
  return Comparison(test, outcome, set).run();
}

}  // namespace sluice::daemon
