#include "stages/write/socket_writer.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice::stages {
namespace {

// While the system has no room for a datagram that nothing tells of.
constexpr auto kNoBufferDelay = std::chrono::milliseconds(1);

double in_seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

SocketWriter::SocketWriter(Options options, std::unique_ptr<Encoder> encoder)
    : EncodingWriter(std::move(encoder)), options_(std::move(options)), random_(std::random_device{}()) {}

flow::Error SocketWriter::start(const flow::Context& context) {
  flow::Error error = try_connect(context);
  return context.done() ? std::move(error) : flow::Error();
}

flow::Error SocketWriter::encode(const flow::Context& context, record::Batch& batch, Tally& tally) {
  if (options_.destination.is_datagram()) return encode_datagrams(batch, tally);
  return EncodingWriter::encode(context, batch, tally);
}

flow::Error SocketWriter::encode_datagrams(record::Batch& batch, Tally& tally) const {
  record::Buffer& out = batch.output();
  out.clear();
  batch.parts().clear();
  const auto too_long = [&](record::Record& record) {
    const std::size_t begin = out.size();
    encoder().append(out, record, batch.arena(), record::Utf8Trust::check);
    const std::size_t size = out.size() - begin - 1;  // less the line end
    if (size > options_.max_datagram) {
      out.resize(begin);
      tally.reject(record, "datagram_too_large",
                   fmt::format("{} bytes are more than the {} of `max_datagram`", size, options_.max_datagram));
      return true;
    }
    out.resize(begin + size);
    batch.parts().push_back({out.size(), 1, {}});
    return false;
  };
  std::erase_if(batch.records(), too_long);
  return {};
}

flow::Error SocketWriter::write(const flow::Context& context, record::Batch& batch, Written& written) {
  written = {};
  flow::Error error = options_.destination.is_datagram() ? write_datagrams(context, batch, written)
                                                         : write_stream(context, batch, written);
  if (!error) failures_ = 0;
  return error;
}

flow::Error SocketWriter::write_stream(const flow::Context& context, record::Batch& batch, Written& written) {
  if (output_ && peer_is_gone()) lose("the peer has closed the connection");
  const std::string_view text = batch.output().view();
  for (;;) {
    if (flow::Error error = connected(context)) return error;
    Output::Result result = output_->write(context, text.substr(written.bytes));
    if (result.bytes != 0) has_sent_ = true;
    const WholeRecords whole = whole_records(context, encoder(), batch, written.bytes + result.bytes);
    written = {whole.records, whole.bytes};
    if (!result.error) return {};
    if (context.done()) return std::move(result.error);
    lose(result.error.message());
  }
}

flow::Error SocketWriter::write_datagrams(const flow::Context& context, record::Batch& batch, Written& written) {
  std::size_t begin = 0;
  for (const record::OutputPart& part : batch.parts()) {
    if (flow::Error error = send_datagram(context, batch.output().view().substr(begin, part.end - begin))) return error;
    begin = part.end;
    ++written.records;
    written.bytes = begin;
  }
  return {};
}

flow::Error SocketWriter::send_datagram(const flow::Context& context, std::string_view text) {
  for (;;) {
    if (flow::Error error = connected(context)) return error;
    if (context.done()) return context.cause();
    const ssize_t count = ::send(output_->fd(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      has_sent_ = true;
      return {};
    }
    if (flow::Error error = handle_failure(context, errno)) return error;
  }
}

// What to do before a datagram is tried again; an error when it must not be.
flow::Error SocketWriter::handle_failure(const flow::Context& context, int number) {
  switch (number) {
    case EINTR:
      return {};
    case EAGAIN:
      return flow::wait_ready(context, flow::WakeFd(context), output_->fd(), POLLOUT);
    case ENOBUFS:
    case ENOMEM:
      context.wait_for(kNoBufferDelay);
      return {};
    case EMSGSIZE:
      return system_error(fmt::format("{} does not take a datagram of this size; set `max_datagram` to less",
                                      options_.destination.text()),
                          number);
    case ECONNREFUSED:
      if (options_.destination.kind == Destination::Kind::udp) {
        // This tells of a datagram before. Whether the one at hand will be taken, nobody knows.
        report("refused", fmt::format("nobody receives datagrams at {}", options_.destination.text()));
        return {};
      }
      break;
    default:
      break;
  }
  lose(system_error(fmt::format("cannot send to {}", options_.destination.text()), number).message());
  return {};
}

// Sees to a connection, however long it takes.
flow::Error SocketWriter::connected(const flow::Context& context) {
  while (!output_) {
    if (context.wait_until(next_attempt_)) return context.cause();
    flow::Error error = try_connect(context);
    if (error && context.done()) return error;
  }
  return {};
}

flow::Error SocketWriter::try_connect(const flow::Context& context) {
  Connected made = connect(context, options_.destination, options_.connect_timeout);
  if (!made.error) {
    output_.emplace(std::move(made.socket), options_.destination.text());
    has_sent_ = false;
    if (options_.destination.is_datagram() || encoder().preamble().empty()) return {};
    made.error = output_->write(context, encoder().preamble()).error;
    if (!made.error) return {};
    output_.reset();
  }
  if (context.done()) return context.cause();
  plan_next_attempt();
  report("not_connected",
         fmt::format("{}; trying again in {:.1f} s", made.error.message(), in_seconds(next_attempt_ - Clock::now())));
  return std::move(made.error);
}

// Gives up a connection. One that has served is replaced at once.
void SocketWriter::lose(const std::string& why) {
  output_.reset();
  if (has_sent_ && failures_ == 0) {
    next_attempt_ = {};
    ++failures_;
  } else {
    plan_next_attempt();
  }
  report("connection_lost", fmt::format("{}; connecting again", why));
}

void SocketWriter::plan_next_attempt() {
  constexpr unsigned kMostDoublings = 30;
  std::chrono::nanoseconds delay = options_.first_delay;
  for (unsigned i = 0; i < std::min(failures_, kMostDoublings) && delay < options_.longest_delay; ++i) delay *= 2;
  delay = std::min(delay, options_.longest_delay);
  ++failures_;
  // Many that lost one peer must not all come back at the same moment.
  std::uniform_int_distribution<std::int64_t> part(delay.count() / 2, delay.count());
  next_attempt_ = Clock::now() + std::chrono::nanoseconds(part(random_));
}

// Whether the peer of a stream has closed it: what is sent now would be taken by the kernel, and lost. What a peer says
// is not listened to.
bool SocketWriter::peer_is_gone() const {
  constexpr int kMostReads = 64;
  char bytes[4096];
  for (int i = 0; i < kMostReads; ++i) {
    const ssize_t count = ::recv(output_->fd(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  return false;
}

Preview SocketWriter::preview(const flow::Context& context, record::Batch& batch, Tally& tally) {
  Preview preview = Writer::preview(context, batch, tally);
  const Destination& to = options_.destination;
  const bool network = to.kind == Destination::Kind::tcp || to.kind == Destination::Kind::udp;
  preview.destination = (network ? to.kind == Destination::Kind::tcp ? "tcp " : "udp " : "unix ") + to.text();
  if (to.is_datagram()) preview.note = "a datagram";
  return preview;
}

flow::Error SocketWriter::finish(const flow::Context& context) {
  if (!output_ || options_.destination.is_datagram()) {
    output_.reset();
    return {};
  }
  // A close() with something unread would reset the connection, and what the peer has not read yet would be lost.
  static_cast<void>(::shutdown(output_->fd(), SHUT_WR));
  const flow::WakeFd wake(context);
  const auto until = Clock::now() + options_.close_timeout;
  while (!peer_is_gone() && Clock::now() < until) {
    if (flow::wait_ready(context, wake, output_->fd(), POLLIN, until)) break;
  }
  output_.reset();
  return {};
}

std::vector<config::Option> reconnect_options() {
  using config::Option;
  return {
      Option::duration("connect_timeout")
          .defaults("10s")
          .at_least(0.001)
          .doc("how long finding a name, and connecting to one address, may take"),
      Option::mapping("reconnect",
                      {Option::duration("first").defaults("100ms").at_least(0.001).doc(
                           "the delay after the first attempt that failed; it doubles with each"),
                       Option::duration("longest").defaults("30s").at_least(0.001).doc("no delay is longer")})
          .doc("how long to wait between attempts to connect; a random part, up to half, is taken off each delay"),
  };
}

config::Option address_option() {
  return config::Option::string("address").required().not_empty().doc(
      "`host:port`; a name or an address, IPv6 addresses in brackets");
}

AnyStage make_socket_writer(SocketWriter::Options options, bool good, const config::Settings& settings,
                            Workshop& workshop) {
  options.connect_timeout = settings.duration("connect_timeout");
  const config::Settings& reconnect = settings.section("reconnect");
  options.first_delay = reconnect.duration("first");
  options.longest_delay = std::max(options.first_delay, reconnect.duration("longest"));
  std::unique_ptr<Encoder> encoder = make_encoder(settings, workshop);
  if (!good || encoder == nullptr) return {};
  return std::make_unique<SocketWriter>(std::move(options), std::move(encoder));
}

AnyStage make_network_writer(SocketWriter::Options options, const config::Settings& settings, Workshop& workshop) {
  const std::string text = settings.string("address");
  const std::optional<HostPort> address = parse_host_port(text);
  if (address) {
    options.destination.host = address->host;
    options.destination.port = address->port;
  } else {
    workshop.diagnostics.error(settings.locate("address"), "`" + text + "` is no address",
                               "write `host:port`, such as `logs.example.com:514` or `'[2001:db8::1]:514'`",
                               text.size());
  }
  return make_socket_writer(std::move(options), address.has_value(), settings, workshop);
}

}  // namespace sluice::stages
