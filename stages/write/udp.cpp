#include "stages/write/udp.hpp"

#include <utility>

#include "stages/write/socket_writer.hpp"

namespace sluice::stages {
namespace {

constexpr double kMostInUdpDatagram = 65507;  // RFC 768 over IPv4: 65,535 less both headers

}  // namespace

Definition write_udp() {
  using config::Option;
  config::StageSpec spec;
  spec.kind = "write";
  spec.variant = "udp";
  spec.scalar_option = "address";
  spec.summary = "Sends a UDP datagram for each record.";
  spec.description =
      "A datagram holds the text of a record without the line end. One that was sent counts as written; UDP does not "
      "tell whether it arrives. When the host says that nobody receives, that is logged and counted (`refused`), and "
      "sending goes on. Records that do not fit are rejected (`datagram_too_large`). With `encode: csv` no header is "
      "sent.";
  spec.options = {address_option().example("192.0.2.1:5170"),
                  Option::size("max_datagram")
                      .defaults("65507B")
                      .at_least(1)
                      .at_most(kMostInUdpDatagram)
                      .doc("records with a longer text are rejected; 1400 or so keeps datagrams in one packet")};
  for (config::Option& option : reconnect_options()) spec.options.push_back(std::move(option));
  spec.examples = {{"to a collector, one packet each",
                    "- write: {to: udp, address: '127.0.0.1:5170', max_datagram: 1400B}",
                    {"one line", "another"},
                    {R"({"message":"one line"})", R"({"message":"another"})"}}};
  const auto make = [](const config::Settings& settings, Workshop& workshop) -> AnyStage {
    SocketWriter::Options options;
    options.destination.kind = Destination::Kind::udp;
    options.max_datagram = static_cast<std::size_t>(settings.size("max_datagram"));
    return make_network_writer(std::move(options), settings, workshop);
  };
  return {std::move(spec), make};
}

}  // namespace sluice::stages
