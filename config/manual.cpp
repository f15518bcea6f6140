#include "config/manual.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "config/pipeline.hpp"
#include "config/reference_rows.hpp"
#include "config/text.hpp"

namespace sluice::config {
namespace {

// The code point that begins at `at`, and how many bytes it takes; U+FFFD for a byte that begins none.
std::pair<std::uint32_t, std::size_t> code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(at);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (first < 0x80) return {first, 1};
  if (length == 1 || at + length > text.size()) return {0xFFFD, 1};
  std::uint32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = value << 6U | (byte(at + i) & 0x3FU);
  return {value, length};
}

// One character outside of code: typography may be applied to it.
void add_prose(std::string& roff, std::string_view text, std::size_t& at) {
  const auto [code, length] = code_point(text, at);
  at += length;
  if (code == '\\') {
    roff += "\\e";
  } else if (code == '\n') {
    roff += ' ';
  } else if (code < 0x80) {
    roff += static_cast<char>(code);
  } else {
    roff += fmt::format("\\[u{:04X}]", code);
  }
}

// One character that must come out as it is: these have typographic cousins.
void add_literal(std::string& roff, std::string_view text, std::size_t& at) {
  switch (text[at]) {
    case '-':
      roff += "\\-";
      break;
    case '\'':
      roff += "\\(aq";
      break;
    case '`':
      roff += "\\(ga";
      break;
    case '^':
      roff += "\\(ha";
      break;
    case '~':
      roff += "\\(ti";
      break;
    default:
      return add_prose(roff, text, at);
  }
  ++at;
}

// A line that begins like a request is none.
std::string as_text(std::string line) { return line.starts_with('.') || line.starts_with('\'') ? "\\&" + line : line; }

std::string paragraph(const std::string& markdown) { return markdown.empty() ? "" : ".PP\n" + roff(markdown) + "\n"; }

// What a macro takes as one argument.
std::string argument(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : roff_literal(text)) quoted += c == '"' ? "\\(dq" : std::string(1, c);
  return quoted + '"';
}

std::string definitions(const std::vector<Option>& options) {
  std::string text;
  for (const Row& row : rows_of(options)) {
    const std::string fallback = row.fallback.empty()         ? ""
                                 : row.fallback == "required" ? ", required"
                                                              : ", default `" + row.fallback + "`";
    text +=
        fmt::format(".TP\n\\fB{}\\fR ({})\n{}\n", roff_literal(row.name), roff(row.type + fallback), roff(row.summary));
  }
  return text;
}

std::string short_form(const KindSpec& kind) {
  if (kind.scalar_key.empty()) return {};
  return fmt::format("Short form: `{0}: {1}` = `{0}: {{{2}: {1}}}`.", kind.kind,
                     kind.variant_key.empty() ? "VALUE" : "NAME", kind.scalar_key);
}

std::string stage(const KindSpec& kind, const StageSpec& spec) {
  std::string text;
  if (!spec.variant.empty()) {
    text += ".SS " + argument(kind.kind + ": " + spec.variant) + "\n" + roff(spec.summary) + "\n";
  }
  if (!spec.supported) return text + ".PP\nNot supported yet.\n";
  text += paragraph(spec.description) + definitions(spec.options);
  if (spec.variant.empty()) text += definitions(kind.common);
  for (const auto& group : spec.at_least_one_of) {
    text += paragraph(fmt::format("At least one of `{}` is needed.", fmt::join(group, "`, `")));
  }
  for (const Example& example : spec.examples) {
    text += paragraph("Example" + (example.title.empty() ? ":" : ": " + example.title));
    text += roff_example(example.yaml);
    if (!example.input.empty()) text += paragraph("reads");
    text += roff_example(fmt::format("{}", fmt::join(example.input, "\n")));
    if (!example.output.empty()) text += paragraph("and makes of it");
    text += roff_example(fmt::format("{}", fmt::join(example.output, "\n")));
  }
  return text;
}

std::string kind_section(const Catalog& catalog, const KindSpec& kind) {
  std::string text = ".SH " + argument("THE STAGE " + kind.kind) + "\n" + roff(kind.summary) + "\n";
  text += paragraph(kind.description) + paragraph(short_form(kind));
  if (!kind.variant_key.empty() && !kind.common.empty()) {
    text += paragraph("Options of every variant:") + definitions(kind.common);
  }
  for (const StageSpec* spec : catalog.stages_of(kind.kind)) text += stage(kind, *spec);
  return text;
}

std::string types() {
  std::string text = ".SH TYPES\n";
  for (const TypeNote& type : type_notes()) {
    std::string plain(type.written_as);
    std::erase(plain, '`');
    text += fmt::format(".TP\n\\fB{}\\fR\n{}\n", type.name, plain);
  }
  return text;
}

}  // namespace

std::string roff(std::string_view markdown) {
  std::string text;
  bool code = false;
  for (std::size_t at = 0; at < markdown.size();) {
    // A lone backtick is one: there is nothing that it could begin.
    if (markdown[at] == '`' && (code || markdown.find('`', at + 1) != std::string_view::npos)) {
      text += code ? "\\fR" : "\\fB";
      code = !code;
      ++at;
    } else if (code) {
      add_literal(text, markdown, at);
    } else {
      add_prose(text, markdown, at);
    }
  }
  return as_text(text);
}

std::string roff_literal(std::string_view text) {
  std::string literal;
  for (std::size_t at = 0; at < text.size();) add_literal(literal, text, at);
  return as_text(literal);
}

std::string roff_example(std::string_view text) {
  if (text.empty()) return {};
  std::string example = ".PP\n.RS 4\n.nf\n";
  for (const std::string_view each : lines_of(text)) {
    const std::string line = roff_literal(each);
    example += (line.empty() ? "\\&" : line) + "\n";
  }
  return example + ".fi\n.RE\n";
}

std::string roff_head(std::string_view name, std::string_view section, std::string_view summary,
                      const ManualHead& head) {
  return fmt::format(".TH {} {} {} {}\n.SH NAME\n{} \\- {}\n", argument(name), section, '"' + head.date + '"',
                     argument("sluice " + head.version), roff_literal(name), roff(summary));
}

std::string configuration_manual(const Catalog& catalog, const ManualHead& head) {
  std::string text = roff_head("sluice.yaml", "5", "configuration of sluice", head);
  text += ".SH DESCRIPTION\n";
  text += roff(
              "A configuration is a YAML file. Its stages are in order; each reads from the one before it unless "
              "`from:` says otherwise. `sluice check FILE` finds every error in it, `sluice stages NAME` shows a part "
              "of this page.") +
          "\n";
  text += roff_example(
      "stages:\n  - generate: stdin\n  - parse: json\n  - filter: status >= 500\n  - write: stdout\nrejects: stderr");
  text += paragraph(
      "In the value of every scalar `${VAR}` and `${VAR:-default}` are replaced from the environment after the YAML "
      "has "
      "been read, and `$$` is a dollar sign; a `$` before anything else stands for itself.");
  text += types();
  text +=
      ".SH TOP LEVEL\n" + roff("Beside `stages`, `pipeline` and `tests`:") + "\n" + definitions(top_level_options());
  text += ".SH PIPELINE\n" + roff("Below `pipeline`; all are optional.") + "\n" + definitions(pipeline_options());
  text += ".SH STAGES\n" + roff("Each of the list has one kind key and may have beside it:") + "\n" +
          definitions(stage_options());
  for (const KindSpec& kind : catalog.kinds()) text += kind_section(catalog, kind);
  text += ".SH TESTS\n" + roff("A list of cases for `sluice test`, each with:") + "\n" + definitions(test_options());
  text += ".SH FILES\n.TP\n/etc/sluice/pipeline.yaml\nwhat sluice.service runs\n";
  text += ".TP\n/usr/share/sluice/sluice.schema.json\nthe JSON Schema, for editors\n";
  return text + ".SH SEE ALSO\n.BR sluice (1)\n";
}

}  // namespace sluice::config
