#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "flow/context.hpp"
#include "flow/error_group.hpp"
#include "stages/generate/stdin.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/recording_emitter.hpp"
#include "tests/support/scale.hpp"

namespace sluice::stages {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordingEmitter;

const LineOptions kOptions{.linger = milliseconds(1)};

// Runs the generator on a thread of its own.
class Running {
 public:
  Running(const flow::Context& parent, int fd, RecordingEmitter& emitter, const LineOptions& options = kOptions)
      : scope_(flow::with_cancel(parent)), group_(flow::without_cancel(parent)) {
    group_.go("stdin", [this, fd, &emitter, options](const flow::Context&) {
      return StdinGenerator(options, fd).run(scope_.context, emitter);
    });
  }
  void cancel() { scope_.cancel(); }
  flow::Error wait() { return group_.wait(); }

 private:
  flow::Cancellable scope_;
  flow::ErrorGroup group_;
};

TEST(Stdin, ReadsAPipeToItsEnd) {
  RecordingEmitter emitter;
  testing::Ends pipe = testing::make_pipe();
  Running running(flow::background(), pipe.read.get(), emitter);
  std::string text;
  for (std::size_t i = 0; i < test::scaled(100'000); ++i) text += "line " + std::to_string(i) + "\n";
  testing::write_all(pipe.write.get(), text + "last");
  pipe.write.reset();
  EXPECT_FALSE(running.wait());
  const std::vector<std::string> lines = emitter.lines();
  ASSERT_EQ(lines.size(), test::scaled(100'000) + 1);
  EXPECT_EQ(lines.back(), "last");
  EXPECT_EQ(emitter.bytes_in(), text.size() + 4);
}

TEST(Stdin, SendsALineOnWhileThePipeStaysOpen) {
  RecordingEmitter emitter;
  testing::Ends pipe = testing::make_pipe();
  Running running(flow::background(), pipe.read.get(), emitter);
  testing::write_all(pipe.write.get(), "one\ntwo\nthr");
  EXPECT_TRUE(emitter.wait_for_lines(2));
  testing::write_all(pipe.write.get(), "ee\n");
  EXPECT_TRUE(emitter.wait_for_lines(3));
  pipe.write.reset();
  EXPECT_FALSE(running.wait());
  EXPECT_THAT(emitter.lines(), ElementsAre("one", "two", "three"));
}

TEST(Stdin, StopsAtOnceWhenCancelledAndLeavesOutTheUnfinishedLine) {
  RecordingEmitter emitter;
  testing::Ends pipe = testing::make_pipe();
  Running running(flow::background(), pipe.read.get(), emitter);
  testing::write_all(pipe.write.get(), "whole\nhal");
  ASSERT_TRUE(emitter.wait_for_lines(1));
  running.cancel();
  EXPECT_FALSE(running.wait());
  EXPECT_THAT(emitter.lines(), ElementsAre("whole"));
  EXPECT_EQ(emitter.bytes_in(), 6u);
}

TEST(Stdin, SendsOnWhatLingersWhenCancelled) {
  RecordingEmitter emitter;
  testing::Ends pipe = testing::make_pipe();
  Running running(flow::background(), pipe.read.get(), emitter, {.linger = std::chrono::hours(1)});
  testing::write_all(pipe.write.get(), "lingers\n");
  int waiting = 1;
  while (waiting > 0) ::ioctl(pipe.read.get(), FIONREAD, &waiting);  // until it has been read
  running.cancel();
  EXPECT_FALSE(running.wait());
  EXPECT_THAT(emitter.lines(), ElementsAre("lingers"));
}

TEST(Stdin, DoesNotChangeTheFlagsOfAPipeThatOthersShare) {
  RecordingEmitter emitter;
  testing::Ends pipe = testing::make_pipe();
  const int before = ::fcntl(pipe.read.get(), F_GETFL);
  Running running(flow::background(), pipe.read.get(), emitter);
  testing::write_all(pipe.write.get(), "one\n");
  ASSERT_TRUE(emitter.wait_for_lines(1));
  EXPECT_EQ(::fcntl(pipe.read.get(), F_GETFL), before);
  running.cancel();
  EXPECT_FALSE(running.wait());
  EXPECT_EQ(::fcntl(pipe.read.get(), F_GETFL), before);
}

TEST(Stdin, ReadsAPipeThatIsNonBlockingAlready) {
  RecordingEmitter emitter;
  testing::Ends pipe = testing::make_pipe();
  ASSERT_EQ(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK), 0);
  Running running(flow::background(), pipe.read.get(), emitter);
  testing::write_all(pipe.write.get(), "one\n");
  EXPECT_TRUE(emitter.wait_for_lines(1));
  pipe.write.reset();
  EXPECT_FALSE(running.wait());
}

TEST(Stdin, EnlargesAPipeWhereThatIsAllowed) {
  testing::Ends pipe = testing::make_pipe();
  testing::Ends probe = testing::make_pipe();
  if (::fcntl(probe.read.get(), F_SETPIPE_SZ, 1024 * 1024) < 0) GTEST_SKIP() << "pipes cannot be enlarged here";
  probe = {};
  RecordingEmitter emitter;
  pipe.write.reset();
  EXPECT_FALSE(StdinGenerator(kOptions, pipe.read.get()).run(flow::background(), emitter));
  EXPECT_GE(::fcntl(pipe.read.get(), F_GETPIPE_SZ), 1024 * 1024);
}

TEST(Stdin, ReadsARegularFile) {
  const testing::TemporaryDirectory directory;
  const Descriptor file(::open(directory.file("in", "one\r\ntwo").c_str(), O_RDONLY));
  RecordingEmitter emitter;
  EXPECT_FALSE(StdinGenerator(kOptions, file.get()).run(flow::background(), emitter));
  EXPECT_THAT(emitter.lines(), ElementsAre("one", "two"));
}

TEST(Stdin, ReadsAFifoWhoseWriterHasGoneAlready) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const Descriptor reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
  Descriptor writer(::open(path.c_str(), O_WRONLY));
  testing::write_all(writer.get(), "one\ntwo\n");
  writer.reset();
  RecordingEmitter emitter;
  EXPECT_FALSE(StdinGenerator(kOptions, reader.get()).run(flow::background(), emitter));
  EXPECT_THAT(emitter.lines(), ElementsAre("one", "two"));
}

TEST(Stdin, ReadsATerminalUntilControlD) {
  int controller = -1;
  int terminal = -1;
  ASSERT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, nullptr), 0);
  const Descriptor typist(controller);
  const Descriptor stdin_terminal(terminal);
  RecordingEmitter emitter;
  Running running(flow::background(), terminal, emitter);
  testing::write_all(controller, "typed\n");
  EXPECT_TRUE(emitter.wait_for_lines(1));
  testing::write_all(controller, "\x04");
  EXPECT_FALSE(running.wait());
  EXPECT_THAT(emitter.lines(), ElementsAre("typed"));
}

TEST(Stdin, StopsAtATerminalWhenCancelled) {
  int controller = -1;
  int terminal = -1;
  ASSERT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, nullptr), 0);
  const Descriptor typist(controller);
  const Descriptor stdin_terminal(terminal);
  RecordingEmitter emitter;
  Running running(flow::background(), terminal, emitter);
  testing::write_all(controller, "typed\n");
  EXPECT_TRUE(emitter.wait_for_lines(1));
  running.cancel();
  EXPECT_FALSE(running.wait());
}

TEST(Stdin, ReadsASocketAndStopsWhenCancelled) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Descriptor peer(ends[0]);
  const Descriptor socket(ends[1]);
  RecordingEmitter emitter;
  Running running(flow::background(), socket.get(), emitter);
  testing::write_all(peer.get(), "one\n");
  EXPECT_TRUE(emitter.wait_for_lines(1));
  running.cancel();
  EXPECT_FALSE(running.wait());
}

TEST(Stdin, ReadsNothingFromDevNull) {
  const Descriptor null(::open("/dev/null", O_RDONLY));
  RecordingEmitter emitter;
  EXPECT_FALSE(StdinGenerator(kOptions, null.get()).run(flow::background(), emitter));
  EXPECT_THAT(emitter.lines(), ElementsAre());
}

TEST(Stdin, SaysThatADirectoryIsNoInput) {
  const Descriptor directory(::open("/tmp", O_RDONLY | O_DIRECTORY));
  RecordingEmitter emitter;
  const flow::Error error = StdinGenerator(kOptions, directory.get()).run(flow::background(), emitter);
  EXPECT_EQ(error.code(), std::errc::is_a_directory);
  EXPECT_THAT(error.message(), HasSubstr("stdin: is a directory"));
}

TEST(Stdin, SaysThatItIsClosed) {
  RecordingEmitter emitter;
  const flow::Error error = StdinGenerator(kOptions, 987).run(flow::background(), emitter);
  EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
  EXPECT_THAT(error.message(), HasSubstr("stdin: is not open for reading"));
}

TEST(Stdin, ReportsThatThePipelineFailed) {
  const testing::TemporaryDirectory directory;
  const Descriptor file(::open(directory.file("in", "one\n").c_str(), O_RDONLY));
  RecordingEmitter emitter;
  emitter.on_emit = [] { return flow::Error(std::errc::io_error, "a writer failed"); };
  EXPECT_EQ(StdinGenerator(kOptions, file.get()).run(flow::background(), emitter).message(), "a writer failed");
}

}  // namespace
}  // namespace sluice::stages
