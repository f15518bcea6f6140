// enrich: {redact: {patterns: [email, credit_card], with: "***"}}: replaces what should not be stored.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option redact_option();

// Errors inside the regular expressions go to the workshop's diagnostics. Null after an error.
std::unique_ptr<Operation> make_redact(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
