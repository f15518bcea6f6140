// The JSON that the admin endpoint answers with.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/observation.hpp"
#include "daemon/reject_samples.hpp"

namespace sluice::daemon {

// One JSON object each, on one line, without a line end.
std::string pipeline_json(const Observation& seen);           // GET /api/pipeline
std::string rejects_json(const RejectSamples& samples);       // GET /api/rejects
std::string reload_json(const Observed::Reloaded& reloaded);  // POST /api/reload
std::string error_json(std::string_view message);             // whatever went wrong

// RFC 3339 in UTC.
std::string time_text(std::chrono::system_clock::time_point time);
// What that wrote, whole seconds; nothing if it is no such time.
std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text);

}  // namespace sluice::daemon
