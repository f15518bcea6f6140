#include "stages/parse/grok.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "config/suggest.hpp"
#include "stages/parse/grok_patterns.hpp"
#include "stages/parse/parse_stage.hpp"
#include "stages/parse/scan.hpp"

namespace sluice::stages {

using re2::StringPiece;
using record::Value;

namespace {

bool is_name_byte(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; }

std::optional<FieldType> type_named(std::string_view word) {
  constexpr std::pair<std::string_view, FieldType> kTypes[] = {
      {"string", FieldType::string},       {"int", FieldType::integer},           {"long", FieldType::integer},
      {"integer", FieldType::integer},     {"uint", FieldType::unsigned_integer}, {"float", FieldType::number},
      {"double", FieldType::number},       {"bool", FieldType::boolean},          {"boolean", FieldType::boolean},
      {"timestamp", FieldType::timestamp}, {"duration", FieldType::duration},     {"auto", FieldType::automatic}};
  for (const auto& [known, type] : kTypes) {
    if (known == word) return type;
  }
  return std::nullopt;
}

}  // namespace

// Replaces %{...} by what it stands for. Groups of fields get names of our own (g0, g1, ...), since fields may have
// names that no group can have, and several groups may fill one field.
class GrokFormat::Expander {
 public:
  Expander(const std::map<std::string, std::string>& definitions, std::vector<Group>& groups)
      : definitions_(definitions), groups_(groups) {}

  bool expand(std::string_view pattern, std::string& out, Error& error) {
    for (std::size_t i = 0; i < pattern.size();) {
      const char c = pattern[i];
      if (c == '\\' && i + 1 < pattern.size()) {
        out.append(pattern.substr(i, 2));
        i += 2;
      } else if (pattern.substr(i, 2) == "%{") {
        const std::size_t end = pattern.find('}', i);
        if (end == std::string_view::npos) return failed(error, "`%{` without `}`", pattern.substr(i));
        if (!reference(pattern.substr(i + 2, end - i - 2), out, error)) return false;
        i = end + 1;
      } else if (const std::size_t length = named_group(pattern.substr(i), out); length > 0) {
        i += length;
      } else {
        out.push_back(c);
        ++i;
      }
      if (out.size() > kLongest) return failed(error, "the pattern becomes too long", pattern);
      if (groups_.size() > kMostFields) return failed(error, "the pattern has too many fields", pattern);
    }
    return true;
  }

 private:
  static bool failed(Error& error, std::string message, std::string_view offending) {
    error.message = std::move(message);
    error.offending = std::string(offending);
    return false;
  }

  // `(?<name>` and `(?P<name>` become groups of ours; look-behind is left for RE2 to refuse. How much was read, or 0.
  std::size_t named_group(std::string_view text, std::string& out) {
    std::size_t start = 0;
    if (text.starts_with("(?P<")) start = 4;
    if (text.starts_with("(?<") && text.size() > 3 && is_name_byte(text[3])) start = 3;
    if (start == 0) return 0;
    std::size_t end = start;
    while (end < text.size() && text[end] != '>') ++end;
    if (end == text.size() || end == start) return 0;
    open_group(text.substr(start, end - start), std::nullopt, out);
    return end + 1;
  }

  void open_group(std::string_view field, std::optional<FieldType> type, std::string& out) {
    out += "(?P<g" + std::to_string(groups_.size()) + ">";
    const bool plain = find_special(field.data(), field.data() + field.size()) == field.data() + field.size();
    groups_.push_back({std::string(field), plain ? '"' + std::string(field) + '"' : std::string(), type, 0, 0});
  }

  // NAME, NAME:field or NAME:field:type
  bool reference(std::string_view text, std::string& out, Error& error) {
    const std::string_view name = text.substr(0, text.find(':'));
    std::string_view field = name.size() < text.size() ? text.substr(name.size() + 1) : std::string_view();
    std::optional<FieldType> type;
    if (const std::size_t colon = field.rfind(':'); colon != std::string_view::npos) {
      type = type_named(field.substr(colon + 1));
      if (!type) {
        return failed(error,
                      "unknown type `" + std::string(field.substr(colon + 1)) +
                          "`: expected int, uint, double, bool, string, timestamp, duration or auto",
                      text);
      }
      field = field.substr(0, colon);
    }
    if (name.empty()) return failed(error, "`%{}` names no pattern", "%{" + std::string(text) + "}");
    const std::optional<std::string_view> pattern = find(name);
    if (!pattern) return failed(error, unknown(name), name);
    if (std::find(open_.begin(), open_.end(), name) != open_.end()) {
      return failed(error, "the pattern `" + std::string(name) + "` contains itself", name);
    }
    if (open_.size() >= kMostDepth) return failed(error, "patterns are nested too deeply", name);
    if (field.empty()) {
      out += "(?:";
    } else {
      open_group(field, type, out);
    }
    open_.push_back(name);
    if (!expand(*pattern, out, error)) return false;
    open_.pop_back();
    out += ')';
    return true;
  }

  std::optional<std::string_view> find(std::string_view name) const {
    if (const auto own = definitions_.find(std::string(name)); own != definitions_.end()) return own->second;
    for (const GrokPattern& known : grok_library()) {
      if (known.name == name) return known.pattern;
    }
    return std::nullopt;
  }

  std::string unknown(std::string_view name) const {
    std::vector<std::string> names;
    for (const auto& [own, pattern] : definitions_) names.push_back(own);
    for (const GrokPattern& known : grok_library()) names.emplace_back(known.name);
    std::string message = "unknown grok pattern `" + std::string(name) + "`";
    if (const auto near = config::nearest_name(name, names)) message += "; did you mean `" + *near + "`?";
    return message;
  }

  const std::map<std::string, std::string>& definitions_;
  std::vector<Group>& groups_;
  std::vector<std::string_view> open_;
};

std::unique_ptr<const GrokFormat> GrokFormat::compile(const std::vector<std::string>& patterns,
                                                      const std::map<std::string, std::string>& definitions,
                                                      TimeFormat times, Error& error) {
  auto format = std::make_unique<GrokFormat>(Token());
  format->times_ = std::move(times);
  format->patterns_ = patterns;
  std::string all;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    error.pattern = i;
    if (i > 0) all += '|';
    if (patterns.size() > 1) all += "(?:";
    const std::size_t first = format->groups_.size();
    if (!Expander(definitions, format->groups_).expand(patterns[i], all, error)) return nullptr;
    for (Group& group : std::span(format->groups_).subspan(first)) group.pattern = i;
    if (patterns.size() > 1) all += ')';
  }
  if (format->groups_.empty()) {
    error.message = "the pattern has no fields: write %{NAME:field}";
    return nullptr;
  }
  RegexMatcher::Error wrong;
  format->matcher_ = RegexMatcher::compile(all, RegexMatcher::Anchor::none, wrong);
  if (!format->matcher_) {
    error.message = "in the pattern: " + wrong.message + (wrong.offending.empty() ? "" : ": " + wrong.offending);
    return nullptr;
  }
  const std::map<std::string, int>& indices = format->matcher_->regex().NamedCapturingGroups();
  for (std::size_t i = 0; i < format->groups_.size(); ++i) {
    format->groups_[i].index = indices.at("g" + std::to_string(i));
    format->count_ = std::max(format->count_, format->groups_[i].index + 1);
  }
  return format;
}

ParseFailure GrokFormat::parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const {
  constexpr std::size_t kFewGroups = 32;
  std::array<StringPiece, kFewGroups> few;
  std::span<StringPiece> groups = few;
  if (static_cast<std::size_t>(count_) > few.size()) {
    auto* const many = static_cast<StringPiece*>(
        arena.allocate(static_cast<std::size_t>(count_) * sizeof(StringPiece), alignof(StringPiece)));
    std::uninitialized_value_construct_n(many, count_);
    groups = {many, static_cast<std::size_t>(count_)};
  }
  if (!matcher_->match(text, groups.data(), count_)) return {"no_match", "the pattern does not match"};
  for (const Group& group : groups_) {
    const StringPiece& found = groups[static_cast<std::size_t>(group.index)];
    if (found.data() == nullptr) continue;  // belongs to an alternative that took no part
    Value value = Value::string({found.data(), found.size()});
    if (group.type) {
      const Value converted = convert(value, *group.type, times_, arena);
      if (converted.is_absent()) {
        return {"invalid_type", "field `" + group.name + "`: `" + std::string(value.text()) + "` cannot be converted"};
      }
      value = converted;
    }
    fields.add(group.quoted.empty() ? Value::string(group.name) : field_name(group.quoted), value);
  }
  return {};
}

std::string GrokFormat::which(std::string_view text) const {
  std::vector<StringPiece> found(static_cast<std::size_t>(count_));
  if (patterns_.size() < 2 || !matcher_->match(text, found.data(), count_)) return {};
  for (const Group& group : groups_) {
    if (found[static_cast<std::size_t>(group.index)].data() == nullptr) continue;
    return "matches pattern " + std::to_string(group.pattern + 1) + " of " + std::to_string(patterns_.size()) + ": `" +
           patterns_[group.pattern] + "`";
  }
  return {};
}

namespace {

AnyStage make(const config::Settings& settings, Workshop& workshop) {
  std::map<std::string, std::string> definitions;
  for (const config::Entry& entry : settings.entries("patterns")) definitions[entry.key] = entry.value.string();
  const std::vector<std::string> patterns = settings.strings("pattern");
  auto times = TimeFormat::compile("auto", time_context(settings, workshop));
  GrokFormat::Error error;
  std::unique_ptr<const GrokFormat> format =
      GrokFormat::compile(patterns, definitions, std::get<TimeFormat>(std::move(times)), error);
  if (!format) {
    const std::string& text = patterns[error.pattern];
    const std::size_t at = error.offending.empty() ? std::string::npos : text.find(error.offending);
    const bool found = at != std::string::npos;
    workshop.diagnostics.error(settings.locate_element("pattern", error.pattern, found ? at : 0), error.message, {},
                               found ? error.offending.size() : 1);
  }
  return make_parse_stage(std::move(format), settings, workshop);
}

}  // namespace

Definition parse_grok() {
  config::StageSpec spec;
  spec.kind = "parse";
  spec.variant = "grok";
  spec.summary = "Patterns by name, as in Logstash: `%{IP:client} %{NUMBER:ms:double}`.";
  spec.description =
      "`%{NAME}` stands for the pattern of that name, `%{NAME:field}` makes a field of what it matches, and "
      "`%{NAME:field:type}` converts it (`int`, `uint`, `double`, `bool`, `timestamp`, `duration`, `auto`). The usual "
      "names "
      "are built in, with patterns of our own; `patterns` adds to them. `(?<field>...)` works as well. All is compiled "
      "to "
      "one RE2 expression, so look-around and back references are errors. Several patterns are tried in order. Lines "
      "that "
      "do not match are rejected (`no_match`).";
  spec.options = {config::Option::list("pattern", config::Option::string().not_empty())
                      .or_single()
                      .required()
                      .not_empty()
                      .doc("the pattern, or several of which the first that matches is taken"),
                  config::Option::map("patterns", config::Option::string())
                      .example("{ORDER: 'ORD-[0-9]{6}'}")
                      .doc("patterns of one's own, by name; they may use others and replace built-in ones")};
  spec.examples = {
      {"A web log",
       "- parse: {format: grok, pattern: '^%{IP:client} %{WORD:method} %{URIPATHPARAM:path} %{NUMBER:ms:double}$'}",
       {"192.0.2.1 GET /index.html?a=1 12.5", "nonsense"},
       {R"({"client":"192.0.2.1","method":"GET","path":"/index.html?a=1","ms":12.5})"}},
      {"Several patterns, one of them with a name of one's own",
       "- parse:\n    format: grok\n    pattern: ['%{ORDER:order} paid %{INT:cents:int}', '%{ORDER:order} "
       "%{WORD:state}']\n"
       "    patterns: {ORDER: 'ORD-[0-9]{4}'}",
       {"ORD-0017 paid 1999", "ORD-0017 shipped"},
       {R"({"order":"ORD-0017","cents":1999})", R"({"order":"ORD-0017","state":"shipped"})"}}};
  return {std::move(spec), make};
}

}  // namespace sluice::stages
