// write: {to: tcp, address: logs.example.com:5170}
//
// A line for each record over TCP. See SocketWriter for what happens when the connection breaks.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

Definition write_tcp();

}  // namespace sluice::stages
