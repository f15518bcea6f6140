// Following files through compression.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "record/buffer.hpp"
#include "stages/generate/follow/unpacker.hpp"
#include "stages/write/compression.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/following.hpp"

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::Following;
using ::testing::HasSubstr;
using testing::RecordingEmitter;
using testing::TemporaryDirectory;

std::string packed(std::string_view text, Compression compression = Compression::gzip) {
  record::Buffer out;
  EXPECT_FALSE(compress(out, text, compression));
  return std::string(out.view());
}

void append(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

struct FollowPacked : ::testing::Test {
  FileGenerator::Options options(const std::string& pattern) const {
    FileGenerator::Options made;
    made.paths = {directory.path(pattern)};
    made.timing = testing::quiet_timing();
    return made;
  }
  std::string path(std::string_view name) const { return directory.path(name); }
  const TemporaryDirectory directory;
};

TEST_F(FollowPacked, UnpacksFilesOfManyMembers) {
  for (const auto& [name, compression] :
       {std::pair("a.gz", Compression::gzip), std::pair("b.zst", Compression::zstd)}) {
    std::string text;
    std::string file;
    for (int i = 0; i < 100; ++i) {
      const std::string part(static_cast<std::size_t>(i) * 997, static_cast<char>('a' + i % 26));
      text += part;
      file += packed(part, compression);
    }
    directory.file(name, file);
    const Descriptor fd(::open(path(name).c_str(), O_RDONLY));
    follow::Unpacker unpacker(follow::packing_by_name(name));
    std::string all;
    follow::Unpacker::Status status{};
    for (std::size_t size = 1; status == follow::Unpacker::Status::good; size = size * 3 % 10'007) {
      std::string some(size, '\0');
      some.resize(unpacker.read(fd.get(), some, status));
      all += some;
    }
    EXPECT_EQ(status, follow::Unpacker::Status::end);
    EXPECT_EQ(all, text);
    EXPECT_EQ(unpacker.position(), text.size());
  }
}

TEST_F(FollowPacked, GoesOnWhenMoreOfAPackedFileIsWritten) {
  const std::string file = packed("one and two and three");
  for (std::size_t cut = 2; cut < file.size(); ++cut) {
    directory.file("a.gz", file.substr(0, cut));
    const Descriptor fd(::open(path("a.gz").c_str(), O_RDONLY));
    follow::Unpacker unpacker(follow::Packing::gzip);
    follow::Unpacker::Status status{};
    std::string all(100, '\0');
    const std::size_t first = unpacker.read(fd.get(), all, status);
    EXPECT_EQ(status, follow::Unpacker::Status::incomplete) << cut;
    append(path("a.gz"), file.substr(cut));
    const std::size_t rest = unpacker.read(fd.get(), std::span(all).subspan(first), status);
    EXPECT_EQ(status, follow::Unpacker::Status::end) << cut;
    EXPECT_EQ(all.substr(0, first + rest), "one and two and three") << cut;
  }
}

TEST_F(FollowPacked, ReadsPackedFilesOnce) {
  directory.file("1.log.gz", packed("one\ntwo"));
  directory.file("2.log.zst", packed("three\n", Compression::zstd));
  directory.file("3.log.gz", "only its name\n");
  RecordingEmitter emitter;
  EXPECT_FALSE(FileGenerator(options("*")).run(flow::background(), emitter));
  EXPECT_THAT(emitter.lines(), ElementsAre("one", "two", "three", "only its name"));
}

TEST_F(FollowPacked, SaysThatAPackedFileIsDamaged) {
  directory.file("1.log.gz", packed("one\ntwo\n") + "rubbish");
  directory.file("2.log.gz", packed(std::string(1000, 'x')).substr(0, 30));
  RecordingEmitter emitter;
  EXPECT_THAT(FileGenerator(options("1*")).run(flow::background(), emitter).message(), HasSubstr("1.log.gz"));
  EXPECT_THAT(emitter.lines(), ElementsAre("one", "two"));
  EXPECT_THAT(FileGenerator(options("2*")).run(flow::background(), emitter).message(), HasSubstr("not complete"));
}

TEST_F(FollowPacked, DoesNotReadAGenerationAgainWhenItIsPacked) {
  directory.file("app.log", "1\n2\n");
  Following following(options("app.log*"));
  following.keep_state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(2));
  fs::rename(path("app.log"), path("app.log.1"));
  directory.file("app.log", "3\n");
  ASSERT_TRUE(following.wait_for(3));
  directory.file("app.log.1.gz", packed("1\n2\n"));
  fs::remove(path("app.log.1"));
  append(path("app.log"), "4\n");
  ASSERT_TRUE(following.wait_for(4));
  ASSERT_FALSE(following.stop());
  fs::rename(path("app.log.1.gz"), path("app.log.2.gz"));
  append(path("app.log"), "5\n");
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(5));
  ASSERT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ElementsAre("1", "2", "3", "4", "5"));
}

TEST_F(FollowPacked, ReadsTheRestOfAFileThatWasPackedMeanwhile) {
  directory.file("app.log", "1\n2\n");
  Following following(options("app.log"));
  following.keep_state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(2));
  ASSERT_FALSE(following.stop());
  directory.file("app.log.1.zst", packed("1\n2\n3\n4\n", Compression::zstd));
  fs::remove(path("app.log"));
  directory.file("app.log", "5\n");
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(5));
  ASSERT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ElementsAre("1", "2", "3", "4", "5"));
}

TEST_F(FollowPacked, LeavesOldPackedGenerationsOutWhenItStartsAtTheEnd) {
  directory.file("app.log.1.gz", packed("old\n"));
  directory.file("app.log", "old\n");
  FileGenerator::Options at_end = options("app.log*");
  at_end.start_at_end = true;
  Following following(at_end);
  following.keep_state();
  for (const char* line : {"1", "2"}) {
    ASSERT_FALSE(following.start());
    while (following.save().find("app.log.1.gz") == std::string::npos) std::this_thread::yield();
    directory.file("app.log.new", "");
    append(path("app.log"), std::string(line) + "\n");
    ASSERT_TRUE(following.wait_for(static_cast<std::size_t>(*line - '0')));
    ASSERT_FALSE(following.stop());
  }
  EXPECT_THAT(following.lines(), ElementsAre("1", "2"));
}

}  // namespace
}  // namespace sluice::stages
