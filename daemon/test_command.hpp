// `sluice test`: runs the cases of `tests:` and says which of them came out otherwise.
#pragma once

#include <functional>
#include <string>

#include "config/load.hpp"
#include "daemon/console.hpp"
#include "daemon/run.hpp"
#include "flow/context.hpp"

namespace sluice::daemon {

struct TestOptions {
  std::string file;        // a name for messages
  std::string filter;      // a regular expression that names must match in some part; empty: all cases
  std::string junit_file;  // where to write JUnit's XML; empty: nowhere
};

// Reads the configuration as it is in that environment; called once for each case and more.
using LoadConfiguration = std::function<config::LoadResult(const config::Environment& environment)>;

// ok: all passed. failed: a case failed, or there was none to run, since nobody should take that for a success.
// wrong_config: the configuration is wrong for one of the cases. usage: the filter is no regular expression.
ExitCode run_tests(const flow::Context& context, const TestOptions& options, const LoadConfiguration& load,
                   const Console& console);

}  // namespace sluice::daemon
