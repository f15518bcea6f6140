// filter: {limit: 100/s, key: client_ip}: lets at most so many records go on, for each key on its own.
#pragma once

#include <memory>
#include <vector>

#include "config/settings.hpp"
#include "stages/filter/condition.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

// `limit` and what belongs to it.
std::vector<config::Option> limit_options();

// Errors inside the key go to the workshop's diagnostics. Null after an error.
std::unique_ptr<Condition> make_limit(const config::Settings& settings, Workshop& workshop, OnError on_error);

}  // namespace sluice::stages
