// write: {to: udp, address: 192.0.2.1:5170}
//
// A datagram for each record. See SocketWriter.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

Definition write_udp();

}  // namespace sluice::stages
