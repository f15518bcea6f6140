#include "config/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/pipeline.hpp"
#include "config/reference_rows.hpp"
#include "config/source.hpp"
#include "config/suggest.hpp"
#include "config/text.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t kTextWidth = 100;

std::string cell(std::string text) {
  for (std::size_t i = text.find_first_of("|\n"); i != std::string::npos; i = text.find_first_of("|\n", i + 2)) {
    if (text[i] == '|') {
      text.insert(i, "\\");
    } else {
      text[i] = ' ';
    }
  }
  return text;
}

std::string markdown_table(const std::vector<Row>& rows) {
  if (rows.empty()) return "No options.\n\n";
  std::string text = "| option | type | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Row& row : rows) {
    const bool required = row.fallback == "required";
    const std::string fallback = row.fallback.empty() ? "" : required ? "**required**" : "`" + row.fallback + "`";
    text += fmt::format("| `{}` | {} | {} | {} |\n", row.name, cell(row.type), cell(fallback), cell(row.summary));
  }
  return text + "\n";
}

std::string requirements(const StageSpec& stage) {
  std::string text;
  for (const auto& group : stage.at_least_one_of) {
    text += fmt::format("At least one of `{}` is needed.\n\n", fmt::join(group, "`, `"));
  }
  return text;
}

std::string paragraph(const std::string& text) { return text.empty() ? "" : text + "\n\n"; }

std::string fence(std::string_view language, const std::string& text) {
  return fmt::format("```{}\n{}{}```\n\n", language, text, text.ends_with('\n') ? "" : "\n");
}

std::string markdown_examples(const StageSpec& stage) {
  std::string text;
  for (const Example& example : stage.examples) {
    text += fmt::format("**Example{}{}**\n\n", example.title.empty() ? "" : ": ", example.title);
    text += fence("yaml", example.yaml);
    if (!example.input.empty()) {
      text += "reads\n\n" + fence("text", fmt::format("{}", fmt::join(example.input, "\n")));
      text += example.output.empty()
                  ? "and lets nothing through.\n\n"
                  : "and makes of it\n\n" + fence("text", fmt::format("{}", fmt::join(example.output, "\n")));
    }
  }
  return text;
}

std::string short_form(const KindSpec& kind) {
  if (kind.scalar_key.empty()) return {};
  const std::string word = kind.variant_key.empty() ? "VALUE" : "NAME";
  std::string text = fmt::format("Short form: `{0}: {1}` = `{0}: {{{2}: {1}}}`.", kind.kind, word, kind.scalar_key);
  if (!kind.variant_key.empty()) {
    text += fmt::format(" The variant may also be written as a key: `{0}: {{NAME: {{…}}}}` = `{0}: {{{1}: NAME, …}}`.",
                        kind.kind, kind.variant_key);
  }
  return text;
}

std::vector<Option> own_options(const KindSpec& kind, const StageSpec& stage) {
  std::vector<Option> options = stage.options;
  if (stage.variant.empty()) options.insert(options.end(), kind.common.begin(), kind.common.end());
  return options;
}

std::string markdown_stage(const KindSpec& kind, const StageSpec& stage) {
  std::string text;
  if (!stage.variant.empty()) {
    text += fmt::format("### {}: {}\n\n", kind.kind, stage.variant);
    text += paragraph(stage.summary);
  }
  if (!stage.supported) return text + "Not supported yet.\n\n";
  text += paragraph(stage.description);
  if (!stage.scalar_option.empty()) {
    text += fmt::format("Short form: `{0}: {{{1}: VALUE}}` = `{0}: {{{2}: {1}, {3}: VALUE}}`.\n\n", kind.kind,
                        stage.variant, kind.variant_key, stage.scalar_option);
  }
  return text + markdown_table(rows_of(own_options(kind, stage))) + requirements(stage) + markdown_examples(stage);
}

// Wraps a text at blanks; continuation lines are indented.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string result;
  std::size_t column = indent;
  const std::string margin(indent, ' ');
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    const std::size_t width = count_characters(word);
    if (column + width + 1 > kTextWidth && column > indent) {
      result += "\n" + margin;
      column = indent;
    }
    if (column > indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += width;
    begin = end + 1;
  }
  return result;
}

std::string text_table(const std::vector<Row>& rows) {
  if (rows.empty()) return "  no options\n";
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, count_characters(row.name));
  width = std::min<std::size_t>(width, 24);
  std::string text;
  for (const Row& row : rows) {
    const std::string fallback = row.fallback.empty()         ? ""
                                 : row.fallback == "required" ? ", required"
                                                              : ", default " + row.fallback;
    text += fmt::format("  {:<{}}  {}\n", row.name, width, wrap(row.type + fallback, width + 4));
    text += fmt::format("  {:<{}}  {}\n", "", width, wrap(row.summary, width + 4));
  }
  return text;
}

std::string indent(const std::string& text, std::string_view margin) {
  std::string result;
  for (const std::string_view line : lines_of(text)) result += fmt::format("{}{}\n", margin, line);
  return result;
}

std::string text_stage(const Catalog& catalog, const KindSpec& kind, const StageSpec& stage) {
  std::string text = stage.variant.empty() ? kind.kind : fmt::format("{}: {}", kind.kind, stage.variant);
  text += fmt::format("\n  {}\n", wrap(stage.summary, 2));
  if (!stage.supported) return text + "  not supported yet\n";
  if (!stage.description.empty()) text += fmt::format("\n  {}\n", wrap(stage.description, 2));
  if (!kind.scalar_key.empty()) text += fmt::format("\n  {}\n", wrap(short_form(kind), 2));
  text += "\noptions\n";
  std::vector<Option> options = all_options(catalog, kind, stage);
  // The variant key says nothing new on the page of one variant.
  if (!kind.variant_key.empty()) options.erase(options.begin());
  text += text_table(rows_of(options));
  for (const auto& group : stage.at_least_one_of)
    text += fmt::format("  at least one of: {}\n", fmt::join(group, ", "));
  for (const Example& example : stage.examples) {
    text +=
        fmt::format("\nexample{}{}\n", example.title.empty() ? "" : ": ", example.title) + indent(example.yaml, "  ");
    for (const std::string& line : example.input) text += fmt::format("  < {}\n", line);
    for (const std::string& line : example.output) text += fmt::format("  > {}\n", line);
  }
  return text;
}

std::string text_kind(const Catalog& catalog, const KindSpec& kind) {
  const auto stages = catalog.stages_of(kind.kind);
  if (kind.variant_key.empty() && !stages.empty()) return text_stage(catalog, kind, *stages.front());
  std::string text = fmt::format("{}\n  {}\n", kind.kind, wrap(kind.summary, 2));
  if (!kind.description.empty()) text += fmt::format("\n  {}\n", wrap(kind.description, 2));
  if (!kind.scalar_key.empty()) text += fmt::format("\n  {}\n", wrap(short_form(kind), 2));
  text += "\nvariants\n";
  for (const StageSpec* stage : stages) {
    text += fmt::format("  {:<14}  {}\n", stage->variant,
                        wrap(stage->summary + (stage->supported ? "" : " (not supported yet)"), 18));
  }
  text += "\noptions of every variant\n" + text_table(rows_of(kind.common));
  return text;
}

std::string text_pipeline() {
  std::string text = "pipeline\n  settings of the whole pipeline; all are optional\n\noptions\n";
  text += text_table(rows_of(pipeline_options()));
  text += "\nbeside it, at the top level\n" + text_table(rows_of(top_level_options()));
  text += "\nbeside the kind key of every stage\n" + text_table(rows_of(stage_options()));
  return text;
}

std::string text_tests() {
  return "tests\n  cases for `sluice test`: what lines become\n\noptions\n" + text_table(rows_of(test_options()));
}

}  // namespace

std::string reference_markdown(const Catalog& catalog) {
  std::string text =
      "# Configuration reference\n\n"
      "<!-- Generated from the declarations in the sources (`sluice stages --markdown`); do not edit. -->\n\n"
      "What follows is also at hand without this page, for one stage at a time:\n\n"
      "```console\n"
      "$ sluice stages filter | sed -n 2p\n"
      "  Lets some records go on: by an expression, a share, a rate, or the first of each kind.\n"
      "```\n\n"
      "## Types\n\n"
      "| type | written as |\n| --- | --- |\n";
  for (const TypeNote& type : type_notes()) text += fmt::format("| {} | {} |\n", type.name, type.written_as);
  text +=
      "\nIn the value of every scalar `${VAR}` and `${VAR:-default}` are replaced from the environment after the YAML "
      "has\n"
      "been read, and `$$` is a dollar sign; a `$` before anything else stands for itself. Keys are taken as they are. "
      "A\n"
      "plain (unquoted) scalar is typed by the resulting text.\n\n"
      "## Top level\n\n";
  text += markdown_table(rows_of(top_level_options()));
  text += "## pipeline\n\nSettings of the whole pipeline; all are optional.\n\n" +
          markdown_table(rows_of(pipeline_options()));
  text += "## stages\n\nA list of stages. Each has one kind key and may have beside it:\n\n" +
          markdown_table(rows_of(stage_options()));
  text += "## tests\n\nCases for `sluice test` (testing.md), a list of:\n\n" + markdown_table(rows_of(test_options()));
  for (const KindSpec& kind : catalog.kinds()) {
    text += fmt::format("## {}\n\n", kind.kind) + paragraph(kind.summary) + paragraph(kind.description) +
            paragraph(short_form(kind));
    if (!kind.variant_key.empty() && !kind.common.empty()) {
      text += "Options of every variant:\n\n" + markdown_table(rows_of(kind.common));
    }
    for (const StageSpec* stage : catalog.stages_of(kind.kind)) text += markdown_stage(kind, *stage);
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

std::string reference_text(const Catalog& catalog) {
  std::string text;
  for (const KindSpec& kind : catalog.kinds()) {
    text += fmt::format("{:<10}  {}\n", kind.kind, wrap(kind.summary, 12));
    for (const StageSpec* stage : catalog.stages_of(kind.kind)) {
      if (stage->variant.empty()) continue;
      text += fmt::format("  {:<14}  {}\n", stage->variant,
                          wrap(stage->summary + (stage->supported ? "" : " (not supported yet)"), 18));
    }
  }
  return text +
         "\n`sluice stages NAME` shows the options of one, `sluice stages pipeline` those of the whole, `sluice stages "
         "tests` those of "
         "its tests.\n";
}

std::optional<std::string> reference_text(const Catalog& catalog, std::string_view name) {
  if (name == "pipeline") return text_pipeline();
  if (name == "tests") return text_tests();
  if (const KindSpec* kind = catalog.find_kind(name)) return text_kind(catalog, *kind);
  std::string text;
  for (const StageSpec& stage : catalog.stages()) {
    if (stage.variant.empty()) continue;
    const bool full = name == stage.kind + " " + stage.variant || name == stage.kind + "." + stage.variant ||
                      name == stage.kind + ": " + stage.variant;
    if (full || name == stage.variant) {
      if (!text.empty()) text += '\n';
      text += text_stage(catalog, *catalog.find_kind(stage.kind), stage);
    }
  }
  if (text.empty()) return std::nullopt;
  return text;
}

std::vector<std::string> reference_names(const Catalog& catalog) {
  std::vector<std::string> names{"pipeline", "tests"};
  for (const KindSpec& kind : catalog.kinds()) names.push_back(kind.kind);
  for (const StageSpec& stage : catalog.stages()) {
    if (stage.variant.empty()) continue;
    const auto same = std::count_if(catalog.stages().begin(), catalog.stages().end(),
                                    [&stage](const StageSpec& other) { return other.variant == stage.variant; });
    names.push_back(same == 1 ? stage.variant : stage.kind + "." + stage.variant);
  }
  return names;
}

}  // namespace sluice::config
