#include "stages/parse/regex.hpp"

#include <algorithm>
#include <array>

#include "stages/parse/parse_stage.hpp"

namespace sluice::stages {

using re2::StringPiece;
using record::Value;

std::unique_ptr<const RegexFormat> RegexFormat::compile(std::string_view pattern, RegexMatcher::Anchor anchor,
                                                        RegexMatcher::Error& error) {
  auto format = std::make_unique<RegexFormat>(Token());
  format->matcher_ = RegexMatcher::compile(pattern, anchor, error);
  if (!format->matcher_) return nullptr;
  for (const auto& [index, name] : format->matcher_->regex().CapturingGroupNames()) {
    format->groups_.push_back({'"' + name + '"', index});
    format->count_ = std::max(format->count_, index + 1);
  }
  if (format->groups_.empty()) {
    error = {"the pattern has no named groups: write (?P<name>...) around what is to become a field", {}};
    return nullptr;
  }
  if (format->count_ > kMostGroups) {
    error = {"the pattern has more than " + std::to_string(kMostGroups - 1) +
                 " groups: write (?:...) for groups whose text is not needed",
             {}};
    return nullptr;
  }
  return format;
}

ParseFailure RegexFormat::parse(std::string_view text, record::Arena&, FieldsBuilder& fields) const {
  // Clearing many groups takes time that shows in the measurements.
  return count_ <= kFewGroups ? parse_with<kFewGroups>(text, fields) : parse_with<kMostGroups>(text, fields);
}

template <std::size_t size>
ParseFailure RegexFormat::parse_with(std::string_view text, FieldsBuilder& fields) const {
  std::array<StringPiece, size> groups;
  if (!matcher_->match(text, groups.data(), count_)) return {"no_match", "the pattern does not match"};
  for (const Group& group : groups_) {
    const StringPiece& found = groups[static_cast<std::size_t>(group.index)];
    if (found.data() == nullptr) continue;  // an optional group that took no part
    fields.add(field_name(group.quoted), Value::string({found.data(), found.size()}));
  }
  return {};
}

namespace {

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  RegexMatcher::Error error;
  const std::string pattern = settings.string("pattern");
  const auto anchor = settings.boolean("anchored") ? RegexMatcher::Anchor::both : RegexMatcher::Anchor::none;
  std::unique_ptr<const RegexFormat> format = RegexFormat::compile(pattern, anchor, error);
  if (!format) {
    const std::size_t at = error.offending.empty() ? std::string::npos : pattern.find(error.offending);
    const bool found = at != std::string::npos;
    workshop.diagnostics.error(settings.locate("pattern", found ? at : 0), "in the pattern: " + error.message,
                               "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax",
                               std::max<std::size_t>(1, found ? error.offending.size() : 1));
  }
  return make_parse_stage(std::move(format), settings, workshop);
}

}  // namespace

Definition parse_regex() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "regex";
  spec.summary = "The named groups of a regular expression become fields.";
  spec.description =
      "The pattern has RE2's syntax; `(?P<name>...)` names a group. It may match anywhere in the text: begin it with "
      "`^`, "
      "which is also faster, and end it with `$` where that is meant, or set `anchored`. A group that takes no part in "
      "the "
      "match leaves its field out. Lines that do not match are rejected (`no_match`). In lines that are not UTF-8, `.` "
      "stands for one byte.";
  spec.options = {config::Option::regex("pattern").required().not_empty().doc("the regular expression"),
                  config::Option::boolean("anchored").defaults("false").doc("the pattern must match the whole text")};
  spec.examples = {
      {"A format of one's own",
       "- parse:\n    format: regex\n    pattern: '^\\[(?P<time>[^\\]]+)\\] (?P<level>\\w+)(?: \\((?P<code>\\d+)\\))?: "
       "(?P<message>.*)$'\n    types: {code: int}",
       {"[2026-11-24 10:00:00] ERROR (17): disk full", "[2026-11-24 10:00:01] INFO: back again", "garbage"},
       {R"({"time":"2026-11-24 10:00:00","level":"ERROR","code":17,"message":"disk full"})",
        R"({"time":"2026-11-24 10:00:01","level":"INFO","message":"back again"})"}}};
  return {std::move(spec), make};
}

}  // namespace sluice::stages
