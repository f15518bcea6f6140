#include "stages/write/unix.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "stages/write/socket_writer.hpp"

namespace sluice::stages {
namespace {

// Well within what the system takes as one datagram by default (net.core.wmem_default).
constexpr double kMostInUnixDatagram = 128 * 1024;

AnyStage make_unix(const config::Settings& settings, Workshop& workshop) {
  SocketWriter::Options options;
  const bool datagrams = settings.string("mode") == "datagram";
  options.destination.kind = datagrams ? Destination::Kind::unix_datagram : Destination::Kind::unix_stream;
  options.destination.path = settings.string("path");
  options.max_datagram = static_cast<std::size_t>(settings.size("max_datagram"));
  bool good = true;
  if (options.destination.path.size() > kLongestUnixPath) {
    workshop.diagnostics.error(settings.locate("path"),
                               fmt::format("the path of a socket may have {} bytes at most", kLongestUnixPath),
                               "choose a shorter path, or link to it from one");
    good = false;
  }
  if (settings.has("max_datagram") && !datagrams) {
    workshop.diagnostics.error(settings.locate("max_datagram"), "`max_datagram` has no meaning for a stream",
                               "add `mode: datagram`, or leave `max_datagram` out");
    good = false;
  }
  return make_socket_writer(std::move(options), good, settings, workshop);
}

}  // namespace

Definition write_unix() {
  using config::Choice;
  using config::Option;
  config::StageSpec spec;
  spec.kind = "write";
  spec.variant = "unix";
  spec.scalar_option = "path";
  spec.summary = "Sends records to a Unix socket, as lines or as datagrams.";
  spec.description =
      "While nobody listens, the pipeline waits and tries again. When a stream breaks, records that the system had not "
      "taken whole are sent again over the next one, so a record that was cut in two comes a second time: at least "
      "once. A datagram that cannot be sent is tried again until it is; it holds the text of a record without the line "
      "end, and records that do not fit are rejected (`datagram_too_large`). With `encode: csv` each stream begins "
      "with the header.";
  spec.options = {
      Option::string("path").required().not_empty().example("/run/collector.sock").doc("the socket"),
      Option::choice("mode", {Choice("stream", "a line for each record"), Choice("datagram", "a datagram for each")})
          .defaults("stream")
          .doc("which kind of socket it is"),
      Option::size("max_datagram")
          .defaults("128KiB")
          .at_least(1)
          .at_most(kMostInUnixDatagram)
          .doc("for `mode: datagram`: records with a longer text are rejected")};
  for (config::Option& option : reconnect_options()) spec.options.push_back(std::move(option));
  spec.examples = {
      {"lines", "- write: {to: unix, path: /tmp/sluice-example.sock}", {"one line"}, {R"({"message":"one line"})"}},
      {"datagrams, of the lines as they came",
       "- write: {to: unix, path: /tmp/sluice-example.sock, mode: datagram, encode: raw}",
       {"one line", "another"},
       {"one line", "another"}}};
  return {std::move(spec), make_unix};
}

}  // namespace sluice::stages
