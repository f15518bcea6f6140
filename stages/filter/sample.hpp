// filter: {sample: 0.1, key: user_id}: lets a share of the records go on, the same on every machine.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/filter/condition.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option sample_option();

// Errors inside the key go to the workshop's diagnostics. Null after an error.
std::unique_ptr<Condition> make_sample(const config::Settings& settings, Workshop& workshop, OnError on_error);

}  // namespace sluice::stages
