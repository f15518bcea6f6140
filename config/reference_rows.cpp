#include "config/reference_rows.hpp"

#include <fmt/format.h>

#include <array>

namespace sluice::config {
namespace {

std::string notes(const Option& option) {
  std::string text = option.summary();
  if (option.type() == Type::choice) {
    for (const Choice& choice : option.choices()) {
      if (choice.summary.empty()) continue;
      text += fmt::format("; `{}`: {}{}", choice.name, choice.summary, choice.supported ? "" : " (not supported yet)");
    }
  }
  if (option.minimum()) text += "; at least " + bound_text(option, *option.minimum());
  if (option.maximum()) text += "; at most " + bound_text(option, *option.maximum());
  if (!option.conflicts().empty())
    text += fmt::format("; not together with `{}`", fmt::join(option.conflicts(), "`, `"));
  if (!option.needed().empty()) text += fmt::format("; needs `{}`", fmt::join(option.needed(), "`, `"));
  if (!option.example_text().empty()) text += fmt::format("; example: `{}`", option.example_text());
  if (!option.is_supported()) text += " (not supported yet)";
  return text;
}

void add_rows(const std::string& prefix, const std::vector<Option>& options, std::vector<Row>& rows);

void add_nested(const std::string& name, const Option& option, std::vector<Row>& rows) {
  switch (option.type()) {
    case Type::mapping:
      add_rows(name + ".", option.options(), rows);
      break;
    case Type::list:
      add_nested(name + "[]", option.element(), rows);
      break;
    case Type::map:
      add_nested(name + ".NAME", option.element(), rows);
      break;
    case Type::either:
      for (const Option& alternative : option.options()) add_nested(name, alternative, rows);
      break;
    default:
      break;
  }
}

void add_rows(const std::string& prefix, const std::vector<Option>& options, std::vector<Row>& rows) {
  for (const Option& option : options) {
    const std::string name = prefix + option.name();
    rows.push_back({name, option.type_name(), option.is_required() ? "required" : option.default_text().value_or(""),
                    notes(option)});
    add_nested(name, option, rows);
  }
}

constexpr std::array<TypeNote, 5> kTypeNotes{{
    {"size", "bytes: `512`, `64KiB`, `1MB`, `1.5GiB`; kB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB of 1024"},
    {"duration", "`250ms`, `5s`, `2m`, `1h30m`, `7d`; units ns, us, ms, s, m, h, d; only `0` goes without"},
    {"rate", "`100/s`, `5/m`, `20/500ms`"},
    {"expression", "CEL, the Common Expression Language"},
    {"regex", "an RE2 regular expression"},
}};

}  // namespace

std::span<const TypeNote> type_notes() { return kTypeNotes; }

std::vector<Row> rows_of(const std::vector<Option>& options) {
  std::vector<Row> rows;
  add_rows("", options, rows);
  return rows;
}

}  // namespace sluice::config
