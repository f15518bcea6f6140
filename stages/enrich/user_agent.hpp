// enrich: {user_agent: {field: agent, into: client}}: takes a User-Agent header apart.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option user_agent_option();
std::unique_ptr<Operation> make_user_agent(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
