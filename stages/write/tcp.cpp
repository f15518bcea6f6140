#include "stages/write/tcp.hpp"

#include <memory>
#include <utility>

#include "stages/write/socket_writer.hpp"

namespace sluice::stages {

Definition write_tcp() {
  using config::Option;
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
  spec.options.insert(spec.options.begin(), Option::string("address")
                                                .required()
                                                .not_empty()
                                                .example("logs.example.com:5170")
                                                .doc("`host:port`; a name or an address, IPv6 addresses in brackets"));
  spec.examples = {{"to a collector",
                    "- write:\n"
                    "    to: tcp\n"
                    "    address: 127.0.0.1:5170\n"
                    "    reconnect: {longest: 10s}",
                    {},
                    {}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    SocketWriter::Options options;
    options.destination.kind = Destination::Kind::tcp;
    const bool good = read_address(settings, workshop, options.destination);
    read_reconnect_options(settings, options);
    std::unique_ptr<Encoder> encoder = make_encoder(settings, workshop);
    if (!good || encoder == nullptr) return {};
    return std::make_unique<SocketWriter>(std::move(options), std::move(encoder));
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
