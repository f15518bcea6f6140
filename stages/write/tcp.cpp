#include "stages/write/tcp.hpp"

#include <utility>

#include "stages/write/socket_writer.hpp"

namespace sluice::stages {

Definition write_tcp() {
  config::StageSpec spec;
  spec.kind = "write";
  spec.variant = "tcp";
  spec.scalar_option = "address";
  spec.summary = "Sends a line for each record over TCP.";
  spec.description =
      "While nobody answers, the pipeline waits and tries again (SIGTERM drains for `grace`, as ever); the name is "
      "looked up anew each time. When a connection breaks, records that the system had not taken whole are sent again "
      "over the next one, so a record that was cut in two comes a second time: at least once. What the system had "
      "taken counts as written; TCP does not tell whether the peer has read it. What the peer sends is ignored. With "
      "`encode: csv` each connection begins with the header.";
  spec.options = reconnect_options();
  spec.options.insert(spec.options.begin(), address_option().example("logs.example.com:5170"));
  spec.examples = {{"to a collector",
                    "- write:\n"
                    "    to: tcp\n"
                    "    address: 127.0.0.1:5170\n"
                    "    reconnect: {longest: 10s}",
                    {"one line"},
                    {R"({"message":"one line"})"}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    SocketWriter::Options options;
    options.destination.kind = Destination::Kind::tcp;
    return make_network_writer(std::move(options), settings, workshop);
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
