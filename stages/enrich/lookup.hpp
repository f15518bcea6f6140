// enrich: {lookup: {file: hosts.csv, on: ip, add: [owner, team]}}: adds columns of a table.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option lookup_option();

// Reads the table. What is wrong with it goes to the workshop's diagnostics. Null after an error.
std::unique_ptr<Operation> make_lookup(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
