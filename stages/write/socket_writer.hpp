// What `write: tcp`, `udp` and `unix` share: sending to a peer that may go away and come back.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "flow/notifier.hpp"
#include "stages/write/connection.hpp"
#include "stages/write/encoding_writer.hpp"

namespace sluice::stages {

// Streams (TCP, Unix) carry records as lines; datagrams (UDP, Unix) one record each, without the line end.
//
// Without a peer it waits and tries again, and the pipeline waits with it. When a stream breaks, the records that the
// kernel had not taken whole are sent again over the next connection, so a record that was cut in two arrives whole
// after its first half: at least once. What the kernel had taken counts as written, though the peer may not have read
// it: neither TCP nor Unix sockets tell. Datagrams that UDP loses are lost.
class SocketWriter final : public EncodingWriter {
 public:
  struct Options {
    Destination destination;
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(10);
    // The delays between attempts double from the first to the longest; each is cut by a random part, up to half.
    std::chrono::nanoseconds first_delay = std::chrono::milliseconds(100);
    std::chrono::nanoseconds longest_delay = std::chrono::seconds(30);
    // How long finish() waits for the peer of a stream to have read all and closed.
    std::chrono::nanoseconds close_timeout = std::chrono::seconds(1);
    std::size_t max_datagram = 65507;  // bytes; records with a longer text are rejected
  };
  SocketWriter(Options options, std::unique_ptr<Encoder> encoder);

  // Tries to connect once. That nobody answers is reported, and no error: the peer may come later.
  flow::Error start(const flow::Context& context) override;
  flow::Error encode(const flow::Context& context, record::Batch& batch, Tally& tally) override;
  Preview preview(const flow::Context& context, record::Batch& batch, Tally& tally) override;
  flow::Error write(const flow::Context& context, record::Batch& batch, Written& written) override;
  // Ends a stream in order: nothing that was sent is lost by closing too early.
  flow::Error finish(const flow::Context& context) override;

 private:
  using Clock = std::chrono::steady_clock;

  flow::Error encode_datagrams(record::Batch& batch, Tally& tally) const;
  flow::Error write_stream(const flow::Context& context, record::Batch& batch, Written& written);
  flow::Error write_datagrams(const flow::Context& context, record::Batch& batch, Written& written);
  flow::Error send_datagram(const flow::Context& context, std::string_view text);
  flow::Error handle_failure(const flow::Context& context, int number);

  flow::Error connected(const flow::Context& context);
  flow::Error try_connect(const flow::Context& context);
  void lose(const std::string& why);
  void plan_next_attempt();
  bool peer_is_gone() const;

  const Options options_;
  std::optional<Output> output_;
  bool has_sent_ = false;  // over this connection
  unsigned failures_ = 0;  // since all of a batch was sent
  Clock::time_point next_attempt_{};
  std::minstd_rand random_;
};

// The options that all socket writers have.
std::vector<config::Option> reconnect_options();
// `address`, of TCP and UDP.
config::Option address_option();

// The writer of a variant that has put its own options into `options`, completed by those of all; empty if `good` is
// false or there are errors, which go to the workshop's diagnostics.
AnyStage make_socket_writer(SocketWriter::Options options, bool good, const config::Settings& settings,
                            Workshop& workshop);
// The same with the destination from the option `address`.
AnyStage make_network_writer(SocketWriter::Options options, const config::Settings& settings, Workshop& workshop);

}  // namespace sluice::stages
