// What a client makes of two looks at a pipeline: rates, and who holds it up.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/observation.hpp"

namespace sluice::daemon {

// What /api/pipeline said; the inverse of pipeline_json().
struct Sighting {
  std::string version;
  std::string state;
  std::string rejects_target;  // Observation keeps views of constants, which this is not
  Observation seen;            // all but `state` and `rejects.target`
};

// Nothing if that is not what a daemon says.
std::optional<Sighting> parse_pipeline(std::string_view json);

// Per second, between two looks.
struct StageRates {
  double in = 0;
  double out = 0;
  double filtered = 0;
  double rejected = 0;
  double busy = 0;     // of one worker: 1.5 is one and a half of them
  double blocked = 0;  // share of the time
};

// Nothing if the looks are not of the same run, or at the same moment.
std::optional<std::vector<StageRates>> rates_between(const Observation& before, const Observation& now);

struct Verdict {
  std::string stage;  // that holds the others up; empty if none does
  std::string text;   // one sentence, without its full stop
};

// A queue that is full only because the next one is full too is a symptom: whoever makes others wait without waiting
// itself is the cause.
Verdict judge(const Observation& now, const std::vector<StageRates>& rates);

}  // namespace sluice::daemon
