// What CLI11 knows of the declared commands, as plain data.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sluice::daemon {

// An option, a flag or a positional argument.
struct DeclaredOption {
  std::vector<std::string> names;  // with their hyphens; of a positional its one name
  std::string value;               // FILE, N, ...; empty for a flag
  std::vector<std::string> words;  // the values that are allowed, if they are few
  std::string fallback;            // the default, as text
  std::string summary;
  bool positional = false;
  bool required = false;
  bool is_file() const { return value == "FILE" || value == "DIR"; }
};

struct DeclaredCommand {
  std::string name;
  std::string summary;
  std::string footer;
  std::vector<DeclaredOption> options;
};

// The commands that are shown to users, in order; first the program itself.
std::vector<DeclaredCommand> declared_commands(const CLI::App& app);

}  // namespace sluice::daemon
