// `sluice status --state DIR`: how far the last checkpoint is in each followed file.
#pragma once

#include <ostream>
#include <string>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "record/value.hpp"

namespace sluice::daemon {

// Prints one line for each file: path, position, size and lag in bytes (what is in the file behind the position), and
// age (how long ago it was last read); and when the checkpoint was made. Files that are gone or have been replaced have
// no size. With `as_json` one JSON object on one line. Reads only; the daemon may be running. Fails if there is no
// state that can be read.
flow::Error print_state(const flow::Context& context, const std::string& directory, record::Timestamp now, bool as_json,
                        std::ostream& out);

}  // namespace sluice::daemon
