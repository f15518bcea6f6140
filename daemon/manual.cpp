#include "daemon/manual.hpp"

#include <fmt/format.h>

#include "config/text.hpp"
#include "daemon/declared.hpp"

namespace sluice::daemon {
namespace {

using config::roff;
using config::roff_literal;

std::string definition(const DeclaredOption& option) {
  std::string term;
  for (const std::string& name : option.names) {
    if (!term.empty()) term += ", ";
    term += option.positional ? fmt::format("\\fI{}\\fR", roff_literal(name))
                              : fmt::format("\\fB{}\\fR", roff_literal(name));
  }
  if (!option.positional && !option.value.empty()) term += fmt::format(" \\fI{}\\fR", roff_literal(option.value));
  std::string text = option.summary;
  if (!option.words.empty()) text += fmt::format("; one of `{}`", fmt::join(option.words, "`, `"));
  if (!option.fallback.empty()) text += fmt::format("; default `{}`", option.fallback);
  return fmt::format(".TP\n{}\n{}\n", term, roff(text));
}

std::string definitions(const DeclaredCommand& command) {
  std::string text;
  for (const DeclaredOption& option : command.options) text += definition(option);
  return text;
}

std::string paragraphs(const std::string& lines) {
  std::string text;
  for (const std::string_view line : config::lines_of(lines)) {
    if (!line.empty()) text += ".PP\n" + roff(line) + "\n";
  }
  return text;
}

std::string synopsis(const DeclaredCommand& command) {
  std::string text = fmt::format("\\fBsluice {}\\fR [\\fIOPTION\\fR]...", roff_literal(command.name));
  for (const DeclaredOption& option : command.options) {
    if (!option.positional) continue;
    const std::string name = fmt::format("\\fI{}\\fR", roff_literal(option.value));
    text += option.required ? " " + name : " [" + name + "]";
  }
  return text;
}

constexpr std::string_view kSignals =
    ".SH SIGNALS\n"
    ".TP\nSIGTERM, SIGINT\nstop reading, drain what was read within \\fBgrace\\fR, exit; a second one stops at once\n"
    ".TP\nSIGHUP\nread the configuration again; a wrong one changes nothing\n"
    ".TP\nSIGUSR1\nwrite the ledger to the log\n";

constexpr std::string_view kFiles =
    ".SH FILES\n"
    ".TP\n/etc/sluice/pipeline.yaml\nwhat \\fBsluice.service\\fR runs\n"
    ".TP\n/etc/sluice/\\fINAME\\fR.yaml\nwhat \\fBsluice@\\fINAME\\fB.service\\fR runs\n"
    ".TP\n/etc/sluice/tail.yaml\nwhat \\fBsluice\\-tail@\\fIPATH\\fB.service\\fR runs on the lines of a file\n"
    ".TP\n/etc/sluice/environment\nvariables for all of them\n"
    ".TP\n/run/sluice/admin.sock\nthe admin socket of \\fBsluice.service\\fR\n"
    ".TP\n/usr/share/doc/sluice/drop\\-ins\nwhat to give back to the hardened services, and how\n";

}  // namespace

std::string command_manual(const CLI::App& app, const config::ManualHead& head) {
  const std::vector<DeclaredCommand> commands = declared_commands(app);
  std::string text =
      config::roff_head("sluice", "1", "a log-stream processing daemon that accounts for every record", head);
  text += ".SH SYNOPSIS\n.nf\n";
  for (std::size_t i = 1; i < commands.size(); ++i) text += synopsis(commands[i]) + "\n";
  text += ".fi\n.SH DESCRIPTION\n" +
          roff(
              "Reads log lines, parses, filters and enriches them on a pool of workers, and "
              "writes them out, as a YAML file says, which sluice.yaml(5) describes.") +
          "\n";
  text += paragraphs(commands.front().footer);
  text += ".SH OPTIONS\n" + roff("Before any command:") + "\n" + definitions(commands.front());
  text += ".SH COMMANDS\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    text += ".SS " + roff_literal(commands[i].name) + "\n" + roff(commands[i].summary) + "\n";
    text += definitions(commands[i]) + paragraphs(commands[i].footer);
  }
  text += kSignals;
  text += kFiles;
  return text + ".SH SEE ALSO\n.BR sluice.yaml (5),\n.BR systemctl (1),\n.BR journalctl (1)\n";
}

}  // namespace sluice::daemon
