// The manual page and the shells' completions of the command line, from its declarations.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/manual.hpp"

namespace CLI {
class App;
}

namespace sluice::daemon {

// The page sluice(1).
std::string command_manual(const CLI::App& app, const config::ManualHead& head);

// A script that completes commands, options, their fixed values and file names in `bash`, `zsh` or `fish`; nothing for
// another shell.
std::optional<std::string> completion(const CLI::App& app, std::string_view shell);

}  // namespace sluice::daemon
