// enrich: {geoip: {database: GeoLite2-City.mmdb, field: client_ip, into: geo}}: adds what is known of an address.
#pragma once

#include <memory>

#include "config/settings.hpp"
#include "stages/enrich/operation.hpp"
#include "stages/registry.hpp"

namespace sluice::stages {

config::Option geoip_option();

// Opens the database. What is wrong with it goes to the workshop's diagnostics. Null after an error.
std::unique_ptr<Operation> make_geoip(const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
