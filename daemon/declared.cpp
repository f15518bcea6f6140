#include "daemon/declared.hpp"

#include <CLI/CLI.hpp>

namespace sluice::daemon {
namespace {

// "TEXT:{a,b}" to the words a and b; CLI11 keeps them nowhere else.
std::vector<std::string> words_of(const std::string& type) {
  std::vector<std::string> words;
  const std::size_t open = type.find(":{");
  if (open == std::string::npos || !type.ends_with('}')) return words;
  const std::string list = type.substr(open + 2, type.size() - open - 3);
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    words.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

DeclaredOption option_of(const CLI::Option& option) {
  DeclaredOption declared;
  declared.positional = option.get_positional();
  declared.required = option.get_required();
  declared.summary = option.get_description();
  declared.fallback = option.get_default_str();
  for (const std::string& name : option.get_snames()) declared.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) declared.names.push_back("--" + name);
  const std::string type = option.get_type_name();
  if (declared.positional) {
    declared.names = {option.get_name(true)};
    declared.value = declared.names.front();
  } else if (option.get_items_expected_max() > 0) {
    declared.words = words_of(type);
    declared.value = declared.words.empty() ? type.substr(0, type.find(':')) : "WORD";
  }
  return declared;
}

DeclaredCommand command_of(const CLI::App& app) {
  DeclaredCommand command{app.get_name(), app.get_description(), app.get_footer(), {}};
  const auto visible = [](const CLI::Option* option) { return !option->get_group().empty(); };
  for (const CLI::Option* option : app.get_options(visible)) command.options.push_back(option_of(*option));
  return command;
}

}  // namespace

std::vector<DeclaredCommand> declared_commands(const CLI::App& app) {
  std::vector<DeclaredCommand> commands{command_of(app)};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); })) {
    commands.push_back(command_of(*command));
  }
  return commands;
}

}  // namespace sluice::daemon
