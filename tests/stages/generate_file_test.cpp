#include <gmock/gmock.h>

#include "flow/context.hpp"
#include "stages/generate/file.hpp"
#include "stages/generate/path_pattern.hpp"
#include "tests/support/descriptors.hpp"
#include "tests/support/recording_emitter.hpp"

namespace sluice::stages {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordingEmitter;
using testing::TemporaryDirectory;

struct Read {
  std::vector<std::string> lines;
  flow::Error error;
};

Read read(FileGenerator::Options options) {
  RecordingEmitter emitter;
  flow::Error error = FileGenerator(std::move(options)).run(flow::background(), emitter);
  return {emitter.lines(), std::move(error)};
}

TEST(PathPattern, MatchesWithinOnePartOfAPath) {
  EXPECT_TRUE(matches_path("/var/log/*.log", "/var/log/a.log"));
  EXPECT_FALSE(matches_path("/var/log/*.log", "/var/log/sub/a.log"));
  EXPECT_FALSE(matches_path("/var/log/*.log", "/var/log/.hidden.log"));
  EXPECT_TRUE(matches_path("/var/log/[ab]?.log", "/var/log/b1.log"));
}

TEST(PathPattern, MatchesAnyNumberOfDirectoriesByTwoStars) {
  EXPECT_TRUE(matches_path("/srv/**/a.log", "/srv/a.log"));
  EXPECT_TRUE(matches_path("/srv/**/a.log", "/srv/x/y/z/a.log"));
  EXPECT_TRUE(matches_path("**/x/**", "/srv/x/y/a.log"));
  EXPECT_TRUE(matches_path("/srv/**/x/**/a.log", "/srv/x/b/x/c/a.log"));
  EXPECT_TRUE(matches_path("/srv/**", "/srv/x/a.log"));
  EXPECT_FALSE(matches_path("/srv/**/a.log", "/srv/x/b.log"));
  EXPECT_FALSE(matches_path("/srv/**/a.log", "/srv/.git/a.log"));
}

TEST(PathPattern, MatchesTheNameAloneWithoutASlash) {
  EXPECT_TRUE(matches_path("*.gz", "/var/log/a.gz"));
  EXPECT_FALSE(matches_path("*.gz", "/var/log/a.log"));
}

TEST(PathPattern, FindsFilesInTheOrderOfTheirPaths) {
  const TemporaryDirectory directory;
  for (const char* name : {"b.log", "a.log", "x/c.log", "x/y/d.log", "x/y/d.txt", ".hidden/e.log"}) {
    directory.file(name, "");
  }
  EXPECT_THAT(find_paths(flow::background(), directory.path("**/*.log")).paths,
              ElementsAre(directory.path("a.log"), directory.path("b.log"), directory.path("x/c.log"),
                          directory.path("x/y/d.log")));
  EXPECT_THAT(find_paths(flow::background(), directory.path("*")).paths,
              ElementsAre(directory.path("a.log"), directory.path("b.log")));
}

TEST(PathPattern, DoesNotDescendIntoACircleOfLinks) {
  const TemporaryDirectory directory;
  directory.file("x/a.log", "");
  std::filesystem::create_directory_symlink(directory.path("x"), directory.path("x/again"));
  EXPECT_THAT(find_paths(flow::background(), directory.path("**/*.log")).paths, ElementsAre(directory.path("x/a.log")));
}

TEST(File, ReadsFilesOneAfterTheOther) {
  const TemporaryDirectory directory;
  directory.file("2.log", "three\nfour");
  directory.file("1.log", "one\ntwo");
  directory.file("3.log.gz", "nothing of this");
  const Read all = read({.paths = {directory.path("*")}, .exclude = {"*.gz"}, .lines = {}});
  EXPECT_FALSE(all.error);
  EXPECT_THAT(all.lines, ElementsAre("one", "two", "three", "four"));
}

TEST(File, ReadsAFileOnceHoweverManyPatternsFindIt) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.log", "one\n");
  EXPECT_THAT(read({.paths = {path, directory.path("*.log"), directory.path("**")}, .exclude = {}, .lines = {}}).lines,
              ElementsAre("one"));
}

TEST(File, ReadsAFileWhoseNameLooksLikeAPattern) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a[1]*.log", "one\n");
  EXPECT_THAT(read({.paths = {path}, .exclude = {}, .lines = {}}).lines, ElementsAre("one"));
}

TEST(File, SaysWhichFileIsMissing) {
  const TemporaryDirectory directory;
  const Read all = read({.paths = {directory.path("gone.log")}, .exclude = {}, .lines = {}});
  EXPECT_EQ(all.error.code(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(all.error.message(), "cannot read " + directory.path("gone.log") + ": no such file");
}

TEST(File, SaysWhichPatternFindsNothingUnlessThatIsAllowed) {
  const TemporaryDirectory directory;
  const std::string pattern = directory.path("*.log");
  EXPECT_THAT(read({.paths = {pattern}, .exclude = {}, .lines = {}}).error.message(),
              HasSubstr("no file matches " + pattern));
  EXPECT_FALSE(read({.paths = {pattern}, .exclude = {}, .optional = true, .lines = {}}).error);
}

TEST(File, SaysHowToReadADirectory) {
  const TemporaryDirectory directory;
  const Read all = read({.paths = {directory.path("")}, .exclude = {}, .lines = {}});
  EXPECT_EQ(all.error.code(), std::errc::is_a_directory);
  EXPECT_THAT(all.error.message(), HasSubstr("is a directory"));
}

TEST(File, SaysWhichFileCannotBeReadAfterWhatCameBefore) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can read everything";
  const TemporaryDirectory directory;
  directory.file("1.log", "one\n");
  const std::string secret = directory.file("2.log", "two\n");
  ASSERT_EQ(::chmod(secret.c_str(), 0), 0);
  const Read all = read({.paths = {directory.path("*.log")}, .exclude = {}, .lines = {}});
  EXPECT_EQ(all.error.code(), std::errc::permission_denied);
  EXPECT_THAT(all.error.message(), HasSubstr("cannot read " + secret));
  EXPECT_THAT(all.lines, ElementsAre("one"));
}

TEST(File, DoesNotHangAtAFifo) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(read({.paths = {fifo}, .exclude = {}, .lines = {}}).error.message(), HasSubstr("is not a regular file"));
}

TEST(File, StopsWhenCancelled) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.log", "one\ntwo\n");
  flow::Cancellable scope = flow::with_cancel(flow::background());
  scope.cancel();
  RecordingEmitter emitter;
  EXPECT_FALSE(FileGenerator({.paths = {path}, .exclude = {}, .lines = {}}).run(scope.context, emitter));
  EXPECT_TRUE(emitter.lines().empty());
}

}  // namespace
}  // namespace sluice::stages
