#include <fmt/format.h>

#include "daemon/declared.hpp"
#include "daemon/manual.hpp"

namespace sluice::daemon {
namespace {

using Commands = std::vector<DeclaredCommand>;

std::string names_of(const Commands& commands, std::string_view separator) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < commands.size(); ++i) names.push_back(commands[i].name);
  return fmt::format("{}", fmt::join(names, separator));
}

bool takes_files(const DeclaredCommand& command) {
  for (const DeclaredOption& option : command.options) {
    if (option.positional && option.is_file()) return true;
  }
  return false;
}

// The one place where text goes into quotes of a shell.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

std::string bash_values(const DeclaredCommand& command) {
  std::string text;
  for (const DeclaredOption& option : command.options) {
    if (option.positional || option.value.empty()) continue;
    std::string patterns;
    for (const std::string& name : option.names) {
      patterns += fmt::format("{}\"{} {}\"", patterns.empty() ? "" : " | ", command.name, name);
    }
    const std::string reply = !option.words.empty() ? fmt::format("_sluice_words '{}'", fmt::join(option.words, " "))
                              : option.is_file()    ? "_sluice_files"
                                                    : ":";
    text += fmt::format("    {}) {}; return ;;\n", patterns, reply);
  }
  return text;
}

std::string bash(const Commands& commands) {
  std::string values;
  std::string rest;
  for (const DeclaredCommand& command : commands) {
    std::vector<std::string> options;
    for (const DeclaredOption& option : command.options) {
      if (!option.positional) options.insert(options.end(), option.names.begin(), option.names.end());
    }
    const bool program = &command == &commands.front();
    if (!program) values += bash_values(command);
    rest += fmt::format("    {}) options='{}' files={} ;;\n", program ? "''" : command.name, fmt::join(options, " "),
                        takes_files(command) ? 1 : 0);
  }
  return fmt::format(
      "# bash completion for sluice; made by `sluice completion bash`\n"
      "_sluice_words() {{ mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }}\n"
      "_sluice_files() {{\n"
      "  compopt -o filenames 2> /dev/null\n"
      "  mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "}}\n"
      "_sluice() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} command='' options files "
      "i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${{COMP_WORDS[i]}} in\n"
      "    {})\n"
      "      command=${{COMP_WORDS[i]}}\n"
      "      break\n"
      "      ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$command $previous\" in\n"
      "{}"
      "  esac\n"
      "  case $command in\n"
      "{}"
      "  esac\n"
      "  if [[ $current == -* ]]; then\n"
      "    _sluice_words \"$options\"\n"
      "  elif [[ -z $command ]]; then\n"
      "    _sluice_words '{}'\n"
      "  elif [[ $files == 1 ]]; then\n"
      "    _sluice_files\n"
      "  fi\n"
      "}}\n"
      "complete -F _sluice sluice\n",
      names_of(commands, " | "), values, rest, names_of(commands, " "));
}

// A description inside of the brackets of an _arguments spec.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string zsh_action(const DeclaredOption& option) {
  if (!option.words.empty()) return fmt::format("({})", fmt::join(option.words, " "));
  return option.value == "DIR" ? "_files -/" : option.is_file() ? "_files" : " ";
}

std::string zsh_arguments(const DeclaredCommand& command) {
  std::string text;
  for (const DeclaredOption& option : command.options) {
    if (option.positional) {
      text += " \\\n      " +
              quoted(fmt::format("{}:{}:{}", option.required ? "" : ":", zsh_text(option.value), zsh_action(option)));
      continue;
    }
    for (const std::string& name : option.names) {
      std::string spec = fmt::format("{}[{}]", name, zsh_text(option.summary));
      if (!option.value.empty()) spec += fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option));
      text += " \\\n      " + quoted(spec);
    }
  }
  return text;
}

std::string zsh(const Commands& commands) {
  std::string list;
  std::string cases;
  for (std::size_t i = 1; i < commands.size(); ++i) {
    list += "      " + quoted(commands[i].name + ":" + commands[i].summary) + "\n";
    cases += fmt::format("  {})\n    _arguments{}\n    ;;\n", commands[i].name, zsh_arguments(commands[i]));
  }
  return fmt::format(
      "#compdef sluice\n"
      "# zsh completion for sluice; made by `sluice completion zsh`\n"
      "_sluice() {{\n"
      "  local curcontext=$curcontext state line\n"
      "  typeset -A opt_args\n"
      "  _arguments -C{} \\\n      '1:command:->command' '*::argument:->argument'\n"
      "  if [[ $state == command ]]; then\n"
      "    local -a commands=(\n{}    )\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  case $words[1] in\n{}  esac\n"
      "}}\n"
      "_sluice \"$@\"\n",
      zsh_arguments(commands.front()), list, cases);
}

// fish knows two escapes inside of single quotes.
std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result + "'";
}

std::string fish_option(const DeclaredOption& option, const std::string& condition) {
  std::string line = fmt::format("complete -c sluice -n '{}'", condition);
  for (const std::string& name : option.names) {
    const bool is_long = name.starts_with("--");
    line += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
  }
  if (!option.words.empty()) {
    line += fmt::format(" -x -a '{}'", fmt::join(option.words, " "));
  } else if (!option.value.empty()) {
    line += option.is_file() ? " -r -F" : " -x";
  }
  return line + " -d " + fish_quoted(option.summary) + "\n";
}

std::string fish(const Commands& commands) {
  std::string text = "# fish completion for sluice; made by `sluice completion fish`\ncomplete -c sluice -f\n";
  for (const DeclaredCommand& command : commands) {
    const bool program = &command == &commands.front();
    const std::string condition = program ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + command.name;
    if (!program) {
      text += fmt::format("complete -c sluice -n __fish_use_subcommand -a {} -d {}\n", command.name,
                          fish_quoted(command.summary));
    }
    for (const DeclaredOption& option : command.options) {
      if (!option.positional) text += fish_option(option, condition);
    }
    if (takes_files(command)) text += fmt::format("complete -c sluice -n '{}' -F\n", condition);
  }
  return text;
}

}  // namespace

std::optional<std::string> completion(const CLI::App& app, std::string_view shell) {
  const Commands commands = declared_commands(app);
  if (shell == "bash") return bash(commands);
  if (shell == "zsh") return zsh(commands);
  if (shell == "fish") return fish(commands);
  return std::nullopt;
}

}  // namespace sluice::daemon
