// The metrics of a run as Prometheus reads them (CONTRACT section 5).
#pragma once

#include <string>

#include "daemon/observation.hpp"

namespace sluice::daemon {

// The text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Counters come from the ledger of the
// whole run, so they go on over reloads and add up to the ledger at exit; gauges are of the topology that runs now.
std::string metrics_text(const Observation& seen, bool ready);

// What the kernel knows of this process, under the names that Prometheus' own client libraries use.
std::string process_metrics_text();

}  // namespace sluice::daemon
