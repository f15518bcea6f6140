// enrich: {keep: [time, level, message]}: removes all fields but these.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option keep_option();
std::unique_ptr<Operation> make_keep(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
