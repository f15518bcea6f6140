// Following files: what is read, when, and from where.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/descriptors.hpp"
#include "tests/support/following.hpp"
#include "tests/support/scale.hpp"

namespace sluice::stages {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::Following;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryDirectory;

void append(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

struct Follow : ::testing::Test {
  FileGenerator::Options options(std::vector<std::string> names, std::vector<std::string> exclude = {}) const {
    FileGenerator::Options made;
    for (const std::string& name : names) made.paths.push_back(directory.path(name));
    made.exclude = std::move(exclude);
    made.timing = testing::quiet_timing();
    return made;
  }
  std::string path(std::string_view name) const { return directory.path(name); }

  const TemporaryDirectory directory;
};

TEST_F(Follow, ReadsWhatIsThereAndWhatIsAdded) {
  directory.file("a.log", "one\n");
  Following following(options({"*.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  append(path("a.log"), "two\nthree\n");
  ASSERT_TRUE(following.wait_for(3));
  EXPECT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ElementsAre("one", "two", "three"));
}

TEST_F(Follow, ReadsOnlyWhatIsAddedWhenItStartsAtTheEnd) {
  directory.file("a.log", "one\n");
  FileGenerator::Options at_end = options({"*.log"});
  at_end.start_at_end = true;
  Following following(at_end);
  ASSERT_FALSE(following.start());
  directory.file("there", "");
  while (following.save().find("a.log") == std::string::npos) std::this_thread::yield();
  directory.file("b.log", "new\n");  // appears later, so all of it is read
  ASSERT_TRUE(following.wait_for(1));
  append(path("a.log"), "two\n");
  ASSERT_TRUE(following.wait_for(2));
  EXPECT_THAT(following.lines(), ElementsAre("new", "two"));
}

TEST_F(Follow, FindsFilesAndDirectoriesThatAppear) {
  Following following(options({"x/**/*.log"}, {"*.tmp.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for_report("no file matches"));
  directory.file("x/a.log", "a\n");
  ASSERT_TRUE(following.wait_for(1));
  directory.file("x/y/z/b.log", "b\n");
  ASSERT_TRUE(following.wait_for(2));
  directory.file("x/y/z/c.tmp.log", "excluded\n");
  directory.file("x/y/z/d.log", "d\n");
  ASSERT_TRUE(following.wait_for(3));
  EXPECT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ElementsAre("a", "b", "d"));
}

TEST_F(Follow, LetsUnfinishedLinesWait) {
  directory.file("a.log", "one\ntw");
  directory.file("b.log", "");
  Following following(options({"*.log"}));
  following.keep_state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  for (const char* part : {"o ", "is ", "here"}) {
    append(path("a.log"), part);
    append(path("b.log"), "b\n");
  }
  ASSERT_TRUE(following.wait_for(4));
  append(path("a.log"), "\nthree");
  ASSERT_TRUE(following.wait_for(5));
  EXPECT_FALSE(following.stop());
  EXPECT_EQ(following.lines().back(), "two is here");
  ASSERT_FALSE(following.start());
  append(path("a.log"), "\n");
  ASSERT_TRUE(following.wait_for(6));
  EXPECT_EQ(following.lines().back(), "three");
}

TEST_F(Follow, TakesAnUnfinishedLineAtTheDrainIfNobodyWillGoOn) {
  directory.file("a.log", "one\ntwo");
  Following following(options({"*.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  append(path("a.log"), " more");
  directory.file("b.log", "seen\n");
  ASSERT_TRUE(following.wait_for(2));
  EXPECT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ElementsAre("one", "seen", "two more"));
}

TEST_F(Follow, ReadsARenamedFileToItsEndBeforeTheNewOne) {
  directory.file("app.log", "1\n");
  Following following(options({"app.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  append(path("app.log"), "2\n");
  fs::rename(path("app.log"), path("app.log.1"));
  append(path("app.log.1"), "3\nunfinished");
  directory.file("app.log", "4\n");
  ASSERT_TRUE(following.wait_for(5));
  append(path("app.log.1"), "late\n");  // its writer has not noticed
  ASSERT_TRUE(following.wait_for(6));
  EXPECT_THAT(following.lines(), ElementsAre("1", "2", "3", "unfinished", "4", "late"));
}

TEST_F(Follow, ReadsGenerationsThatNoPatternMatches) {
  directory.file("app.log", "1\n");
  Following following(options({"app.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  for (int i = 2; i < 30; ++i) {
    const std::string generation = path("app.log." + std::to_string(i));
    fs::rename(path("app.log"), generation);
    directory.file("app.log", std::to_string(i) + "\n");
  }
  ASSERT_TRUE(following.wait_for(29));
}

TEST_F(Follow, ReadsADeletedFileToItsEnd) {
  directory.file("app.log", "1\n");
  Following following(options({"app.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  std::ofstream writer(path("app.log"), std::ios::app);
  fs::remove(path("app.log"));
  writer << "2\nlast" << std::flush;
  ASSERT_TRUE(following.wait_for(3));
  writer.close();
  directory.file("app.log", "new\n");
  ASSERT_TRUE(following.wait_for(4));
  EXPECT_THAT(following.lines(), ElementsAre("1", "2", "last", "new"));
}

TEST_F(Follow, GoesOnAfterAFileWasCut) {
  directory.file("app.log", "one\ntwo\n");
  Following following(options({"app.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(2));
  fs::resize_file(path("app.log"), 0);
  append(path("app.log"), "3\n");
  ASSERT_TRUE(following.wait_for(3));
  EXPECT_THAT(following.lines(), ElementsAre("one", "two", "3"));
}

TEST_F(Follow, SeesThatAFileWasCutAlthoughItHasGrownPastTheOldEnd) {
  directory.file("app.log", "one\ntwo\n");
  Following following(options({"app.log"}));
  following.keep_state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(2));
  ASSERT_FALSE(following.stop());
  fs::resize_file(path("app.log"), 0);
  append(path("app.log"), "first\nsecond\nthird\n");
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(5));
  EXPECT_THAT(following.lines(), ElementsAre("one", "two", "first", "second", "third"));
}

void copytruncate(const std::string& from, const std::string& to) {
  fs::copy_file(from, to);
  fs::resize_file(from, 0);
}

TEST_F(Follow, ReadsWhatWasWrittenBeforeACopyInTheCopy) {
  for (const bool copies_match : {true, false}) {
    const std::string name = copies_match ? "all" : "one";
    directory.file(name + "/app.log", "1\n");
    Following following(options({name + (copies_match ? "/app.log*" : "/app.log")}));
    following.keep_state();
    ASSERT_FALSE(following.start());
    ASSERT_TRUE(following.wait_for(1));
    ASSERT_FALSE(following.stop());
    append(path(name + "/app.log"), "2\n3\n");
    copytruncate(path(name + "/app.log"), path(name + "/app.log.1"));
    append(path(name + "/app.log"), "4\n5\n6\n7\n");
    ASSERT_FALSE(following.start());
    ASSERT_TRUE(following.wait_for(7));
    append(path(name + "/app.log"), "8\n");
    ASSERT_TRUE(following.wait_for(8));
    copytruncate(path(name + "/app.log"), path(name + "/app.log.2"));
    append(path(name + "/app.log"), "9\n");
    ASSERT_TRUE(following.wait_for(9));
    ASSERT_FALSE(following.stop());
    EXPECT_THAT(following.lines(), ElementsAre("1", "2", "3", "4", "5", "6", "7", "8", "9"));
  }
}

TEST_F(Follow, ReadsACopyThatStaysBesideItsOriginalAsAFileOfItsOwn) {
  directory.file("app.log", "1\n");
  FileGenerator::Options impatient = options({"app.log*"});
  impatient.timing.copied = std::chrono::milliseconds(20);
  Following following(impatient);
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  fs::copy_file(path("app.log"), path("app.log.bak"));
  ASSERT_TRUE(following.wait_for(2));
  EXPECT_THAT(following.lines(), ElementsAre("1", "1"));
}

TEST_F(Follow, TakesLinksForTheFileTheyLeadTo) {
  directory.file("target/real", "1\n");
  fs::create_directory(path("logs"));
  fs::create_symlink(path("target/real"), path("logs/a.log"));
  fs::create_hard_link(path("target/real"), path("logs/b.log"));
  directory.file("logs/z.log", "");
  Following following(options({"logs/*.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  append(path("target/real"), "2\n");  // no event in the directory that is watched
  ASSERT_TRUE(following.wait_for(2));
  append(path("logs/z.log"), "z\n");
  ASSERT_TRUE(following.wait_for(3));
  EXPECT_THAT(following.lines(), ElementsAre("1", "2", "z"));
  EXPECT_THAT(following.save(), HasSubstr("logs/a.log"));
}

TEST_F(Follow, ReportsOnceWhatCannotBeReadAndTriesAgain) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can read everything";
  const std::string secret = directory.file("secret.log", "secret\n");
  directory.file("a.log", "1\n");
  ASSERT_EQ(::chmod(secret.c_str(), 0), 0);
  Following following(options({"*.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for_report("cannot read " + secret));
  ASSERT_TRUE(following.wait_for(1));
  ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
  ASSERT_TRUE(following.wait_for(2));
  EXPECT_EQ(following.reports().size(), 1u);
}

TEST_F(Follow, KeepsFewOfManyFilesOpen) {
  constexpr std::size_t kFiles = 1000;
  for (std::size_t i = 0; i < kFiles; ++i) directory.file(std::to_string(i) + ".log", "first\n");
  const auto open_now = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()); };
  const auto before = open_now();
  Following following(options({"*.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(kFiles));
  for (std::size_t i = 0; i < kFiles; i += 10) append(path(std::to_string(i) + ".log"), "second\n");
  ASSERT_TRUE(following.wait_for(kFiles + kFiles / 10));
  EXPECT_LT(open_now() - before, 300);
}

TEST_F(Follow, DoesNotLetABusyFileStarveAQuietOne) {
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += std::string(100, 'x') + "\n";
  directory.file("busy.log", lines);
  directory.file("quiet.log", "quiet\n");
  Following following(options({"*.log"}));
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(100'001));
  const std::vector<std::string> all = following.lines();
  EXPECT_LT(std::ranges::find(all, "quiet") - all.begin(), 50'000);
}

TEST_F(Follow, GoesOnWhereTheEarlierRunStopped) {
  directory.file("app.log", "1\n2\n");
  Following following(options({"app.log"}));
  following.keep_state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(2));
  ASSERT_FALSE(following.stop());
  append(path("app.log"), "3\n");
  fs::rename(path("app.log"), path("app.log.1"));
  directory.file("app.log", "4\n");
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(4));
  ASSERT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(following.reports(), IsEmpty());
}

// Inodes are used again; to find out that one is, the file that had it is looked for, and so are others meanwhile.
TEST_F(Follow, FindsACopyThatHasTheInodeOfAFileThatIsGone) {
  directory.file("a.log.1", "old 1\nold 2\n");
  directory.file("a.log", "one\n");
  Following following(options({"a.log*"}));
  following.keep_state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(3));
  ASSERT_FALSE(following.stop());
  directory.file("a.log.2", "a new one, so that those which are known are doubted\n");
  directory.file("a.log.1", "one\ntwo\n");
  directory.file("a.log", "three\n");
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(6));
  ASSERT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ::testing::UnorderedElementsAre("old 1", "old 2", "one",
                                                                 ::testing::StartsWith("a new one"), "two", "three"));
}

TEST_F(Follow, RefusesAStateThatItDoesNotUnderstand) {
  FileGenerator generator(options({"*"}));
  for (const char* state : {"", "[]", "{\"files\":1}", "{\"files\":[{\"path\":\"x\"}],\"patterns\":[]}", "{\"a\":1}",
                            "{\"files\":[]}", "{\"files\":[],\"patterns\":[1]}"}) {
    const flow::Error error = generator.restore(state);
    EXPECT_TRUE(error) << state;
    EXPECT_THAT(error.message(), HasSubstr("the saved positions of files")) << state;
  }
  EXPECT_FALSE(generator.restore("{}"));
}

TEST_F(Follow, SavesNamesOfAnyBytes) {
  const std::string name = "a\xff\\x41\x80.log";
  directory.file(name, "1\n");
  Following following(options({"*.log"}));
  following.keep_state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(1));
  ASSERT_FALSE(following.stop());
  append(path(name), "2\n");
  const std::string state = following.state();
  ASSERT_FALSE(following.start());
  ASSERT_TRUE(following.wait_for(2));
  ASSERT_FALSE(following.stop());
  EXPECT_THAT(following.lines(), ElementsAre("1", "2"));
  FileGenerator generator(options({"*.log"}));
  ASSERT_FALSE(generator.restore(state));
  EXPECT_EQ(generator.save(), state);
}

}  // namespace
}  // namespace sluice::stages
