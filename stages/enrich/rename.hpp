// enrich: {rename: {msg: message}}: gives fields other names, in their places.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option rename_option();

// Reports an old name that equals the new one. Null after an error.
std::unique_ptr<Operation> make_rename(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
