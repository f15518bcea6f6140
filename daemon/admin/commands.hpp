// The commands that ask a running daemon: what they print goes to the console, what they return is the exit code.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/admin/client.hpp"
#include "daemon/console.hpp"
#include "daemon/run.hpp"
#include "flow/context.hpp"

namespace sluice::daemon {

// `sluice status`: what /api/pipeline says, as text or as it comes.
ExitCode live_status(const flow::Context& context, const AdminChoice& choice, bool as_json, const Console& console);

// `sluice reload`: the changes, or why the old configuration goes on.
ExitCode reload(const flow::Context& context, const AdminChoice& choice, const Console& console);

struct TapOptions {
  std::string stage;
  std::string where;        // empty: all
  std::uint64_t limit = 0;  // 0: none
  std::uint64_t rate = 0;   // 0: the daemon's default
};
// `sluice tap`: records as lines of JSON until the limit, Ctrl-C, the end of the reader, or that of the daemon.
ExitCode tap(const flow::Context& context, const AdminChoice& choice, const TapOptions& options,
             const Console& console);

// `sluice top`: full-screen if `interactive` (stdout is a terminal), else one table.
ExitCode top(const flow::Context& context, const AdminChoice& choice, std::chrono::nanoseconds interval,
             bool interactive, const Console& console);

}  // namespace sluice::daemon
