// `sluice run`: one pipeline in the foreground, under signals, with its ledger at the end.
#pragma once

#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <string>

#include "config/diagnostics.hpp"
#include "config/pipeline.hpp"
#include "daemon/ledger.hpp"
#include "daemon/progress.hpp"
#include "daemon/stage_set.hpp"
#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

// What the process tells its caller (CONTRACT section 1).
enum class ExitCode : int {
  ok = 0,            // everything received is accounted for and drained
  failed = 1,        // a stage failed at run time
  usage = 64,        // wrong usage (EX_USAGE)
  abandoned = 75,    // the grace period ended with records abandoned (EX_TEMPFAIL)
  wrong_config = 78  // EX_CONFIG
};

// A configuration that was read and checked as far as it goes, with its stages.
struct Candidate {
  config::PipelineConfig config;
  std::unique_ptr<StageSet> set;
  config::Diagnostics diagnostics;  // usable if and only if there is no error among them
};

struct RunOptions {
  std::string ledger_file;            // where to write the ledger at exit; empty: nowhere
  std::function<Candidate()> load{};  // reads the configuration again; empty: it cannot be
  // Where to show how far it has come, which is also where the log goes; empty: nowhere.
  std::shared_ptr<ProgressLine> progress{};
  Workload workload{};  // for that
};

// Runs until every generator has ended, a signal comes, or a stage fails. `first` has no errors.
// SIGTERM and SIGINT drain, a second one cuts the drain short, SIGUSR1 logs the ledger, SIGHUP reloads. Call it before
// other threads are started: it blocks these signals.
ExitCode run(const flow::Context& root, Candidate first, const RunOptions& options, spdlog::logger& log);

// Writes the ledger's JSON and a line end: a regular file is replaced as a whole or not at all, anything else (a pipe,
// a device) is written to.
flow::Error write_ledger(const flow::Context& context, const std::string& path, const LedgerSnapshot& ledger);

}  // namespace sluice::daemon
