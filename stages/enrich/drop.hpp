// enrich: {drop: [password, debug]}: removes fields.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option drop_option();
std::unique_ptr<Operation> make_drop(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
