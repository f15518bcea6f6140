// filter: {dedupe: {key: message, window: 1m}}: lets the first record of each key go on.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/filter/condition.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option dedupe_option();

// Errors inside the key go to the workshop's diagnostics. Null after an error.
std::unique_ptr<Condition> make_dedupe(const config::Settings& settings, Workshop& workshop, OnError on_error);

}  // namespace sluice::stages
