// enrich: {fields: {dc: fra1, ports: [80, 443]}}: sets fields to literal values.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option fields_option();

// From the option's value in `settings`; never fails.
std::unique_ptr<Operation> make_fields(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
