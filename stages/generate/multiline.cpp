#include "stages/generate/multiline.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "stages/parse/regex_matcher.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {
namespace {

std::vector<config::Choice> preset_choices() {
  std::vector<config::Choice> choices;
  for (const MultilinePreset& preset : multiline_presets()) {
    choices.emplace_back(std::string(preset.name), std::string(preset.summary));
  }
  return choices;
}

std::shared_ptr<const RegexMatcher> compile_start(const config::Settings& settings, const Workshop& workshop) {
  const std::string pattern = settings.string("start");
  RegexMatcher::Error error;
  std::shared_ptr<const RegexMatcher> start = RegexMatcher::compile(pattern, RegexMatcher::Anchor::none, error);
  if (start) return start;
  const std::size_t at = error.offending.empty() ? std::string::npos : pattern.find(error.offending);
  const bool found = at != std::string::npos;
  workshop.diagnostics.error(settings.locate("start", found ? at : 0), "in `start`: " + error.message,
                             "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax",
                             std::max<std::size_t>(1, found ? error.offending.size() : 1));
  return nullptr;
}

std::vector<const MultilinePreset*> find_presets(const std::vector<std::string>& names) {
  std::vector<const MultilinePreset*> presets;
  for (const std::string& name : names) presets.push_back(find_multiline_preset(name));
  return presets;
}

}  // namespace

LineGrouping::LineGrouping(const Multiline& rules) : rules_(rules), states_(rules.presets.size()) {}

void LineGrouping::reset() {
  open_ = false;
  std::ranges::fill(states_, TraceState{0});
}

LineGrouping::Step LineGrouping::step(std::string_view line) {
  if (!rules_.presets.empty()) return step_presets(line);
  bool continues = false;
  if (rules_.indent) {
    continues = line.starts_with(' ') || line.starts_with('\t') || is_blank_line(line);
  } else {
    continues = !rules_.start->match(line, nullptr, 0);
  }
  return {std::exchange(open_, true) && continues, true};
}

LineGrouping::Step LineGrouping::step_presets(std::string_view line) {
  Step step;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] == 0) continue;
    const TraceStep each = rules_.presets[i]->next(states_[i], line);
    states_[i] = each.continues ? each.state : 0;
    step.continues = step.continues || each.continues;
    step.open = step.open || states_[i] != 0;
  }
  if (step.continues) return step;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    states_[i] = rules_.presets[i]->begin(line);
    step.open = step.open || states_[i] != 0;
  }
  return step;
}

std::shared_ptr<const Multiline> make_multiline(const config::Settings& settings, const Workshop& workshop) {
  if (!settings.has("multiline")) return nullptr;
  auto multiline = std::make_shared<Multiline>();
  const config::Value& value = settings.value("multiline");
  if (value.type() == config::Type::choice) {
    multiline->presets = find_presets({value.string()});
    return multiline;
  }
  if (value.type() == config::Type::list) {
    multiline->presets = find_presets(value.strings());
    return multiline;
  }
  const config::Settings& section = value.section();
  multiline->timeout = section.duration("timeout");
  multiline->max_lines = static_cast<std::size_t>(section.integer("max_lines"));
  multiline->indent = section.boolean("indent");
  if (section.has("preset")) multiline->presets = find_presets(section.strings("preset"));
  if (section.has("start")) {
    multiline->start = compile_start(section, workshop);
    if (!multiline->start) return nullptr;
  } else if (!multiline->indent && multiline->presets.empty()) {
    workshop.diagnostics.error(section.location(), "`multiline` does not say which lines belong together",
                               "add `start`, `indent: true` or `preset`");
    return nullptr;
  }
  return multiline;
}

config::Option multiline_option() {
  using config::Option;
  return Option::either(
             "multiline",
             {Option::choice("", preset_choices()), Option::list("", Option::choice("", preset_choices())).not_empty(),
              Option::mapping("",
                              {Option::regex("start")
                                   .not_empty()
                                   .example("'^\\d{4}-\\d\\d-\\d\\d '")
                                   .conflicts_with({"indent", "preset"})
                                   .doc("a line that matches begins a record; all others continue the one before"),
                               Option::boolean("indent")
                                   .conflicts_with({"preset"})
                                   .doc("`true`: lines that begin with a space or tab continue the record before"),
                               Option::list("preset", Option::choice("", preset_choices()))
                                   .or_single()
                                   .not_empty()
                                   .example("[java, python]")
                                   .doc("stack traces of these languages; all other lines are records of their own"),
                               Option::duration("timeout").defaults("1s").at_least(0.001).doc(
                                   "a record is complete when nothing came for so long"),
                               Option::integer("max_lines")
                                   .defaults("1000")
                                   .at_least(1)
                                   .doc("lines of one record at most; what is more begins another one")})})
      .doc("join several lines to one record, such as stack traces: a preset, several, or rules of your own");
}

}  // namespace sluice::stages
