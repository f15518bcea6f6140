// The commands that ask a running daemon, as the command line declares them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "daemon/admin/commands.hpp"

namespace sluice::daemon {

// What the words of these commands said.
struct LiveArguments {
  AdminChoice admin;
  TapOptions tap;
  std::string interval = "1s";
  std::string state_directory;
  bool json = false;
};

using LiveAction = std::function<ExitCode(const flow::Context&, const Console&)>;

// Declares `status`, `top`, `tap` and `reload`. `choose` is called with what the command that was given does;
// `arguments` must live until that has been done.
void declare_live_commands(CLI::App& app, LiveArguments& arguments, const std::function<void(LiveAction)>& choose);

}  // namespace sluice::daemon
