// What the admin endpoint answers to which request.
#pragma once

#include <httplib.h>

#include "config/pipeline.hpp"
#include "daemon/observation.hpp"
#include "flow/context.hpp"

namespace sluice::daemon {

// Fills the answer to any request. Never throws. Thread-safe as `observed` is. `context` ends a reload that somebody
// waits for.
void answer(const flow::Context& context, const config::Admin& admin, Observed& observed,
            const httplib::Request& request, httplib::Response& response);

}  // namespace sluice::daemon
