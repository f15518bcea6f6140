#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>

#include "flow/context.hpp"
#include "flow/error_group.hpp"
#include "stages/write/encode_csv.hpp"
#include "stages/write/encode_json.hpp"
#include "stages/write/file.hpp"
#include "stages/write/null.hpp"
#include "stages/write/stdout.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/records.hpp"

namespace sluice::stages {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

// As the daemon does at its start.
class Writing : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
  }

  // A batch of records that has been encoded by `writer`.
  static record::Batch encoded(Writer& writer, std::size_t count, const std::string& text = "a line of text") {
    record::Batch batch;
    for (std::size_t i = 0; i < count; ++i) testing::add_line(batch, text);
    Tally tally;
    EXPECT_FALSE(writer.encode(flow::background(), batch, tally));
    return batch;
  }

  static std::unique_ptr<Encoder> json() { return std::make_unique<JsonEncoder>(); }
};

using WriteStdout = Writing;
using WriteFile = Writing;

TEST_F(WriteStdout, WritesWholeBatchesToASlowReader) {
  testing::Ends pipe = testing::make_pipe();
  auto writer = std::make_unique<StdoutWriter>(json(), pipe.write.get());
  record::Batch batch = encoded(*writer, 20'000);
  const std::string text(batch.output().view());
  Written written;
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context& context) {
    flow::Error error = writer->write(context, batch, written);
    if (!error) error = writer->finish(context);
    writer.reset();  // closes its own description of the pipe
    pipe.write.reset();
    return error;
  });
  EXPECT_EQ(testing::read_all(pipe.read.get()), text);
  EXPECT_FALSE(group.wait());
  EXPECT_EQ(written.records, 20'000u);
  EXPECT_EQ(written.bytes, text.size());
}

TEST_F(WriteStdout, DoesNotChangeTheFlagsOfAPipeThatOthersShare) {
  const testing::Ends pipe = testing::make_pipe();
  StdoutWriter writer(json(), pipe.write.get());
  record::Batch batch = encoded(writer, 1);
  Written written;
  const int before = ::fcntl(pipe.write.get(), F_GETFL);
  EXPECT_FALSE(writer.write(flow::background(), batch, written));
  EXPECT_EQ(::fcntl(pipe.write.get(), F_GETFL), before);
}

// The deadline of a drain must end a write that hangs, and what went out whole is counted.
void expect_interruptible(int write_end, int read_end) {
  StdoutWriter writer(std::make_unique<JsonEncoder>(), write_end);
  record::Batch batch;
  for (int i = 0; i < 100'000; ++i) testing::add_line(batch, "a line of text");
  Tally tally;
  ASSERT_FALSE(writer.encode(flow::background(), batch, tally));
  Written written;
  const flow::Cancellable scope = flow::with_timeout(flow::background(), milliseconds(30));
  EXPECT_EQ(writer.write(scope.context, batch, written).code(), flow::Errc::deadline_exceeded);
  ASSERT_LT(written.records, 100'000u);
  std::string got(written.bytes, '\0');
  for (std::size_t at = 0; at < got.size();) {
    const ssize_t count = ::read(read_end, got.data() + at, got.size() - at);
    ASSERT_GT(count, 0);
    at += static_cast<std::size_t>(count);
  }
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(got, '\n')), written.records);
}

TEST_F(WriteStdout, IsInterruptedAtAPipeThatNobodyReads) {
  const testing::Ends pipe = testing::make_pipe();
  expect_interruptible(pipe.write.get(), pipe.read.get());
}

TEST_F(WriteStdout, IsInterruptedAtASocketThatNobodyReads) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const Descriptor peer(ends[0]);
  const Descriptor socket(ends[1]);
  expect_interruptible(socket.get(), peer.get());
}

TEST_F(WriteStdout, IsInterruptedAtATerminalThatNobodyReads) {
  int controller = -1;
  int terminal = -1;
  ASSERT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, nullptr), 0);
  const Descriptor screen(controller);
  const Descriptor stdout_terminal(terminal);
  StdoutWriter writer(json(), terminal);
  record::Batch batch = encoded(writer, 100'000);
  Written written;
  const flow::Cancellable scope = flow::with_timeout(flow::background(), milliseconds(30));
  EXPECT_EQ(writer.write(scope.context, batch, written).code(), flow::Errc::deadline_exceeded);
  EXPECT_LT(written.records, 100'000u);
}

TEST_F(WriteStdout, SaysThatTheReaderHasGoneAway) {
  testing::Ends pipe = testing::make_pipe();
  pipe.read.reset();
  StdoutWriter writer(json(), pipe.write.get());
  record::Batch batch = encoded(writer, 1);
  Written written;
  const flow::Error error = writer.write(flow::background(), batch, written);
  EXPECT_EQ(error.code(), std::errc::broken_pipe);
  EXPECT_EQ(error.message(), "stdout: the reader has gone away");
  EXPECT_EQ(written.records, 0u);
}

TEST_F(WriteStdout, NoticesAReaderThatGoesAwayInTheMiddle) {
  testing::Ends pipe = testing::make_pipe();
  StdoutWriter writer(json(), pipe.write.get());
  record::Batch batch = encoded(writer, 100'000);
  Written written;
  flow::ErrorGroup group{flow::background()};
  group.go([&](const flow::Context& context) { return writer.write(context, batch, written); });
  char some[1000];
  ASSERT_GT(::read(pipe.read.get(), some, sizeof some), 0);
  pipe.read.reset();
  EXPECT_EQ(group.wait().code(), std::errc::broken_pipe);
  EXPECT_LT(written.records, 100'000u);
}

TEST_F(WriteStdout, SaysThatTheDiskIsFull) {
  const Descriptor full(::open("/dev/full", O_WRONLY));
  if (!full) GTEST_SKIP() << "there is no /dev/full";
  StdoutWriter writer(json(), full.get());
  record::Batch batch = encoded(writer, 1);
  Written written;
  const flow::Error error = writer.write(flow::background(), batch, written);
  EXPECT_EQ(error.code(), std::errc::no_space_on_device);
  EXPECT_THAT(error.message(), HasSubstr("free some space"));
}

TEST_F(WriteStdout, SaysThatItIsClosed) {
  StdoutWriter writer(json(), 987);
  record::Batch batch = encoded(writer, 1);
  Written written;
  EXPECT_THAT(writer.write(flow::background(), batch, written).message(), HasSubstr("stdout: is not open for writing"));
}

TEST_F(WriteStdout, WritesTheHeaderOnceEvenWithoutRecords) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("out", "");
  const Descriptor file(::open(path.c_str(), O_WRONLY));
  record::FieldTable table;
  StdoutWriter writer(std::make_unique<CsvEncoder>(std::vector<std::string>{"message"}, true, table), file.get());
  EXPECT_FALSE(writer.finish(flow::background()));
  record::Batch batch = encoded(writer, 1);
  Written written;
  EXPECT_FALSE(writer.write(flow::background(), batch, written));
  EXPECT_EQ(testing::content_of(path), "message\na line of text\n");
}

TEST_F(WriteFile, AppendsToTheFile) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("out", "before\n");
  FileWriter writer({.path = path}, json());
  record::Batch batch = encoded(writer, 2, "x");
  Written written;
  EXPECT_FALSE(writer.write(flow::background(), batch, written));
  EXPECT_FALSE(writer.finish(flow::background()));
  EXPECT_EQ(testing::content_of(path), "before\n{\"message\":\"x\"}\n{\"message\":\"x\"}\n");
  EXPECT_EQ(written.records, 2u);
}

TEST_F(WriteFile, EmptiesTheFileOnRequest) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("out", "before\n");
  FileWriter writer({.path = path, .append = false}, json());
  EXPECT_FALSE(writer.finish(flow::background()));
  EXPECT_EQ(testing::content_of(path), "");
}

TEST_F(WriteFile, MakesTheFileEvenWithoutRecords) {
  const TemporaryDirectory directory;
  FileWriter writer({.path = directory.path("out")}, json());
  EXPECT_FALSE(writer.finish(flow::background()));
  EXPECT_TRUE(std::filesystem::exists(directory.path("out")));
}

TEST_F(WriteFile, WritesTheHeaderToAnEmptyFileOnly) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("out");
  for (int i = 0; i < 2; ++i) {
    record::FieldTable table;
    FileWriter writer({.path = path}, std::make_unique<CsvEncoder>(std::vector<std::string>{"message"}, true, table));
    record::Batch batch = encoded(writer, 1, "x");
    Written written;
    EXPECT_FALSE(writer.write(flow::background(), batch, written));
    EXPECT_FALSE(writer.finish(flow::background()));
  }
  EXPECT_EQ(testing::content_of(path), "message\nx\nx\n");
}

TEST_F(WriteFile, NamesADirectoryThatIsMissingOrMakesIt) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("no/such/out");
  const flow::Error error = FileWriter({.path = path}, json()).finish(flow::background());
  EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  EXPECT_THAT(error.message(), HasSubstr("there is no directory " + directory.path("no/such")));
  EXPECT_FALSE(FileWriter({.path = path, .create_directories = true}, json()).finish(flow::background()));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(WriteFile, SaysThatThePathIsADirectory) {
  const TemporaryDirectory directory;
  const flow::Error error = FileWriter({.path = directory.path("")}, json()).finish(flow::background());
  EXPECT_EQ(error.code(), std::errc::is_a_directory);
}

TEST_F(WriteFile, SaysThatThePathMayNotBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
  const TemporaryDirectory directory;
  const std::string path = directory.file("out", "");
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  const flow::Error error = FileWriter({.path = path}, json()).finish(flow::background());
  EXPECT_EQ(error.code(), std::errc::permission_denied);
  EXPECT_THAT(error.message(), HasSubstr(path));
}

TEST_F(WriteFile, EndsWithAWholeRecordWhenThereIsNoRoomForMore) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("out");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{10'000, before.rlim_max};
  FileWriter writer({.path = path}, json());
  record::Batch batch = encoded(writer, 1000);
  Written written;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const flow::Error error = writer.write(flow::background(), batch, written);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(error.code(), std::errc::file_too_large);
  const std::string content = testing::content_of(path);
  EXPECT_GT(written.records, 0u);
  EXPECT_TRUE(content.ends_with("\n"));
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(content, '\n')), written.records);
}

TEST_F(WriteFile, SaysThatTheDiskIsFull) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "there is no /dev/full";
  FileWriter writer({.path = "/dev/full"}, json());
  record::Batch batch = encoded(writer, 1);
  Written written;
  EXPECT_EQ(writer.write(flow::background(), batch, written).code(), std::errc::no_space_on_device);
  EXPECT_EQ(written.records, 0u);
}

TEST_F(WriteFile, WaitsForTheReaderOfAFifoUntilTheContextIsDone) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  FileWriter writer({.path = path}, json());
  record::Batch batch = encoded(writer, 1);
  Written written;
  const flow::Cancellable scope = flow::with_timeout(flow::background(), milliseconds(30));
  EXPECT_EQ(writer.write(scope.context, batch, written).code(), flow::Errc::deadline_exceeded);
  const Descriptor reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_FALSE(writer.write(flow::background(), batch, written));
  EXPECT_EQ(written.records, 1u);
}

TEST_F(WriteFile, SyncsByBatchAndByInterval) {
  const TemporaryDirectory directory;
  for (const SyncPolicy sync : {SyncPolicy::batch, SyncPolicy::interval}) {
    const std::string path = directory.path("out");
    FileWriter writer({.path = path, .append = false, .sync = sync, .sync_interval = milliseconds(1)}, json());
    const flow::Context context = flow::background();
    for (int i = 0; i < 20; ++i) {
      record::Batch batch = encoded(writer, 1, "x");
      Written written;
      EXPECT_FALSE(writer.write(context, batch, written));
      EXPECT_EQ(written.records, 1u);
      context.wait_for(std::chrono::microseconds(300));
    }
    EXPECT_FALSE(writer.finish(context));
    EXPECT_EQ(testing::content_of(path).size(), 20u * 16);
  }
}

TEST(WriteNull, CountsWithoutEncoding) {
  NullWriter writer;
  record::Batch batch;
  testing::add_line(batch, "x");
  Tally tally;
  Written written;
  EXPECT_FALSE(writer.encode(flow::background(), batch, tally));
  EXPECT_TRUE(batch.output().empty());
  EXPECT_FALSE(writer.write(flow::background(), batch, written));
  EXPECT_EQ(written.records, 1u);
  EXPECT_EQ(written.bytes, 0u);
}

}  // namespace
}  // namespace sluice::stages
