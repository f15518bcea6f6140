// write: {to: unix, path: /run/collector.sock, mode: datagram}
//
// Lines or datagrams to a Unix socket. See SocketWriter for what happens when the connection breaks.
#pragma once

#include "stages/registry.hpp"

namespace sluice::stages {

Definition write_unix();

}  // namespace sluice::stages
