// write: tcp, udp and unix, with real sockets.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <cstring>

#include "flow/context.hpp"
#include "flow/error_group.hpp"
#include "stages/write/encode_csv.hpp"
#include "stages/write/encode_json.hpp"
#include "stages/write/encode_raw.hpp"
#include "stages/write/socket_writer.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/records.hpp"

namespace sluice::stages {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Peer;
using testing::TemporaryDirectory;
using Kind = Destination::Kind;

// A line, without its end, or what came of it before the stream ended.
std::string read_line(int fd) {
  std::string line;
  for (char byte = 0; ::read(fd, &byte, 1) == 1 && byte != '\n';) line += byte;
  return line;
}

// Closes a connection so that the other side's next send fails: with something unread.
void reset(Descriptor& connection) {
  const linger now{1, 0};
  ASSERT_EQ(::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  connection.reset();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

class WriteSocket : public ::testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

  static SocketWriter::Options to(Kind kind, std::uint16_t port) {
    SocketWriter::Options options;
    options.destination = {kind, "127.0.0.1", port, ""};
    options.first_delay = milliseconds(1);
    options.longest_delay = milliseconds(20);
    return options;
  }
  static SocketWriter::Options to(Kind kind, const std::string& path) {
    SocketWriter::Options options = to(kind, std::uint16_t{0});
    options.destination.path = path;
    return options;
  }

  std::unique_ptr<SocketWriter> writer(SocketWriter::Options options, std::unique_ptr<Encoder> encoder = nullptr) {
    if (encoder == nullptr) encoder = std::make_unique<RawEncoder>(fields_);
    auto made = std::make_unique<SocketWriter>(std::move(options), std::move(encoder));
    made->report_to([this](std::string_view reason, const std::string&) {
      reports_.emplace_back(reason);
      ++report_count_;
    });
    return made;
  }

  record::Batch encoded(Writer& to, const std::vector<std::string>& lines) {
    record::Batch batch;
    for (const std::string& line : lines) testing::add_line(batch, line);
    EXPECT_FALSE(to.encode(flow::background(), batch, tally_));
    return batch;
  }
  static std::vector<std::string> numbered(int from, int count, std::size_t size = 1) {
    std::vector<std::string> lines;
    for (int i = from; i < from + count; ++i) lines.push_back(std::to_string(i) + std::string(size, 'x'));
    return lines;
  }
  void write(SocketWriter& to, const std::vector<std::string>& lines) {
    record::Batch batch = encoded(to, lines);
    Written written;
    const flow::Error error = to.write(flow::background(), batch, written);
    ASSERT_FALSE(error) << error.message();
    EXPECT_EQ(written.records, batch.size());
    EXPECT_EQ(written.bytes, batch.output().size());
  }
  // Waits until trouble was reported.
  void wait_for_report() const {
    const flow::Context context = flow::background();
    for (int i = 0; i < 20'000 && report_count_ == 0; ++i) context.wait_for(milliseconds(1));
    EXPECT_NE(report_count_, 0);
  }

  record::FieldTable fields_;
  Tally tally_;
  std::vector<std::string> reports_;  // on the writing thread
  std::atomic<int> report_count_ = 0;
};

using WriteTcp = WriteSocket;
using WriteUdp = WriteSocket;
using WriteUnix = WriteSocket;

TEST(HostPort, IsReadFromText) {
  EXPECT_EQ(parse_host_port("example.com:514")->host, "example.com");
  EXPECT_EQ(parse_host_port("example.com:514")->port, 514);
  EXPECT_EQ(parse_host_port("[::1]:65535")->host, "::1");
  for (const char* bad : {"", "host", ":1", "host:", "host:0", "host:65536", "host:1x", "::1:5", "[]:5", "[a:5"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

TEST_F(WriteTcp, SendsLinesAndEndsTheStreamInOrder) {
  const Peer peer = Peer::tcp();
  const auto to_peer = writer(to(Kind::tcp, peer.port()));
  std::string got;
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context&) -> flow::Error {
    const Descriptor connection = peer.accept();
    testing::write_all(connection.get(), "a greeting that nobody reads\n");
    got = testing::read_all(connection.get());
    return {};
  });
  EXPECT_FALSE(to_peer->start(flow::background()));
  write(*to_peer, numbered(0, 20'000));
  write(*to_peer, {"the end"});
  EXPECT_FALSE(to_peer->finish(flow::background()));
  EXPECT_FALSE(group.wait());
  std::vector<std::string> want = numbered(0, 20'000);
  want.push_back("the end");
  EXPECT_EQ(lines_of(got), want);
  EXPECT_TRUE(reports_.empty());
}

TEST_F(WriteTcp, WaitsForAPeerThatComesLater) {
  const std::uint16_t port = Peer::tcp().port();  // free again at once
  const auto to_peer = writer(to(Kind::tcp, port));
  EXPECT_FALSE(to_peer->start(flow::background()));  // nobody answers: no error
  EXPECT_THAT(reports_, Contains("not_connected"));
  std::string got;
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context&) -> flow::Error {
    write(*to_peer, {"a", "b"});
    return to_peer->finish(flow::background());
  });
  const Peer peer = Peer::tcp(port);
  EXPECT_EQ(testing::read_all(peer.accept().get()), "a\nb\n");
  EXPECT_FALSE(group.wait());
}

TEST_F(WriteTcp, IsInterruptedWhileNobodyAnswers) {
  const std::uint16_t port = Peer::tcp().port();
  SocketWriter::Options options = to(Kind::tcp, port);
  options.first_delay = options.longest_delay = std::chrono::hours(1);
  const auto to_peer = writer(options);
  record::Batch batch = encoded(*to_peer, {"a"});
  Written written;
  const flow::Cancellable scope = flow::with_timeout(flow::background(), milliseconds(30));
  EXPECT_EQ(to_peer->write(scope.context, batch, written).code(), flow::Errc::deadline_exceeded);
  EXPECT_EQ(written.records, 0u);
}

TEST_F(WriteTcp, IsInterruptedAtAPeerThatDoesNotRead) {
  const Peer peer = Peer::tcp();
  const auto to_peer = writer(to(Kind::tcp, peer.port()));
  record::Batch batch = encoded(*to_peer, numbered(0, 20'000, 1000));
  Written written;
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context& context) -> flow::Error {
    const flow::Cancellable scope = flow::with_timeout(context, milliseconds(100));
    EXPECT_EQ(to_peer->write(scope.context, batch, written).code(), flow::Errc::deadline_exceeded);
    return {};
  });
  const Descriptor connection = peer.accept();
  EXPECT_FALSE(group.wait());
  EXPECT_GT(written.records, 0u);
  EXPECT_LT(written.records, 20'000u);
}

TEST_F(WriteTcp, SendsAgainWhatABrokenConnectionHadNotTaken) {
  const Peer peer = Peer::tcp();
  const auto to_peer = writer(to(Kind::tcp, peer.port()));
  const std::vector<std::string> lines = numbered(0, 20'000, 1000);  // more than the system takes at once
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context&) -> flow::Error {
    write(*to_peer, lines);
    return to_peer->finish(flow::background());
  });
  Descriptor first = peer.accept();
  EXPECT_EQ(read_line(first.get()), lines[0]);
  reset(first);
  const std::vector<std::string> rest = lines_of(testing::read_all(peer.accept().get()));
  EXPECT_FALSE(group.wait());
  EXPECT_THAT(reports_, Contains("connection_lost"));
  // The second connection begins with a whole record and has all that follow, in order.
  ASSERT_FALSE(rest.empty());
  ASSERT_LT(rest.size(), lines.size());
  EXPECT_TRUE(std::equal(rest.begin(), rest.end(), lines.end() - static_cast<std::ptrdiff_t>(rest.size())));
}

TEST_F(WriteTcp, LosesNothingWhenThePeerClosesBetweenBatches) {
  std::optional<Peer> peer = Peer::tcp();
  const std::uint16_t port = peer->port();
  const auto to_peer = writer(to(Kind::tcp, port));
  EXPECT_FALSE(to_peer->start(flow::background()));
  std::string got;
  for (int round = 0; round < 3; ++round) {
    Descriptor connection;
    flow::ErrorGroup group{flow::background()};
    group.go([&](const flow::Context&) -> flow::Error {
      write(*to_peer, numbered(round, 1));
      return {};
    });
    connection = peer->accept();
    got += read_line(connection.get()) + "\n";
    EXPECT_FALSE(group.wait());
    connection.reset();  // the server goes
    peer.reset();
    peer = Peer::tcp(port);  // and comes back
  }
  EXPECT_EQ(got, "0x\n1x\n2x\n");
}

TEST_F(WriteTcp, BeginsEachConnectionWithTheHeader) {
  const Peer peer = Peer::tcp();
  const auto to_peer = writer(to(Kind::tcp, peer.port()),
                              std::make_unique<CsvEncoder>(std::vector<std::string>{"message"}, true, fields_));
  for (int round = 0; round < 2; ++round) {
    flow::ErrorGroup group{flow::background()};
    group.go([&](const flow::Context&) -> flow::Error {
      write(*to_peer, {"a"});
      return {};
    });
    const Descriptor connection = peer.accept();
    EXPECT_EQ(read_line(connection.get()), "message");
    EXPECT_EQ(read_line(connection.get()), "a");
    EXPECT_FALSE(group.wait());
  }
}

TEST_F(WriteTcp, ReportsANameThatIsUnknown) {
  SocketWriter::Options options = to(Kind::tcp, std::uint16_t{1});
  options.destination.host = "no-such-host.invalid";
  options.connect_timeout = milliseconds(200);
  const auto to_peer = writer(options);
  EXPECT_FALSE(to_peer->start(flow::background()));
  EXPECT_THAT(reports_, Contains("not_connected"));
}

TEST_F(WriteUdp, SendsADatagramForEachRecord) {
  const Peer peer = Peer::udp();
  const auto to_peer = writer(to(Kind::udp, peer.port()));
  write(*to_peer, {"one", "", "three\rlines"});
  EXPECT_EQ(peer.receive(), "one");
  EXPECT_EQ(peer.receive(), "");
  EXPECT_EQ(peer.receive(), "three\rlines");
  EXPECT_FALSE(to_peer->finish(flow::background()));
}

TEST_F(WriteUdp, RejectsWhatDoesNotFit) {
  const Peer peer = Peer::udp();
  SocketWriter::Options options = to(Kind::udp, peer.port());
  options.max_datagram = 5;
  const auto to_peer = writer(options);
  write(*to_peer, {"12345", "123456", "1"});
  ASSERT_EQ(tally_.rejections.size(), 1u);
  EXPECT_EQ(tally_.rejections[0].reason, "datagram_too_large");
  EXPECT_EQ(tally_.rejections[0].raw, "123456");
  EXPECT_EQ(peer.receive(), "12345");
  EXPECT_EQ(peer.receive(), "1");
}

TEST_F(WriteUdp, SendsTheLargestThatThereIs) {
  const Peer peer = Peer::udp();
  const auto to_peer = writer(to(Kind::udp, peer.port()));
  write(*to_peer, {std::string(65507, 'x'), std::string(65508, 'x')});
  EXPECT_EQ(tally_.rejections.size(), 1u);
  EXPECT_EQ(peer.receive().size(), 65507u);
}

TEST_F(WriteUdp, GoesOnWhenNobodyReceives) {
  const std::uint16_t port = Peer::udp().port();
  const auto to_peer = writer(to(Kind::udp, port));
  for (int i = 0; i < 20; ++i) write(*to_peer, {"x", "y"});
  EXPECT_THAT(reports_, Contains("refused"));
}

TEST_F(WriteUnix, SendsLines) {
  const TemporaryDirectory directory;
  const Peer peer = Peer::at(directory.path("socket"), SOCK_STREAM);
  const auto to_peer = writer(to(Kind::unix_stream, directory.path("socket")));
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context&) -> flow::Error {
    write(*to_peer, {"a", "b"});
    return to_peer->finish(flow::background());
  });
  EXPECT_EQ(testing::read_all(peer.accept().get()), "a\nb\n");
  EXPECT_FALSE(group.wait());
}

TEST_F(WriteUnix, HoldsDatagramsBackUntilSomebodyReceives) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  SocketWriter::Options options = to(Kind::unix_datagram, path);
  options.max_datagram = 128 * 1024;
  const auto to_peer = writer(options);
  const std::vector<std::string> lines = numbered(0, 1000);
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context&) -> flow::Error {
    write(*to_peer, lines);
    return {};
  });
  wait_for_report();  // there is no socket yet
  const Peer peer = Peer::at(path, SOCK_DGRAM);
  for (const std::string& line : lines) ASSERT_EQ(peer.receive(), line);  // slower than they come
  EXPECT_FALSE(group.wait());
  write(*to_peer, {std::string(90'000, 'x')});
  EXPECT_EQ(peer.receive().size(), 90'000u);
}

TEST_F(WriteUnix, FindsANewReceiverWhenTheOldOneHasGone) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  const auto to_peer = writer(to(Kind::unix_datagram, path));
  std::optional<Peer> peer = Peer::at(path, SOCK_DGRAM);
  write(*to_peer, {"a"});
  EXPECT_EQ(peer->receive(), "a");
  peer.reset();
  peer = Peer::at(path, SOCK_DGRAM);
  write(*to_peer, {"b"});
  EXPECT_EQ(peer->receive(), "b");
  EXPECT_THAT(reports_, Contains("connection_lost"));
}

}  // namespace
}  // namespace sluice::stages
