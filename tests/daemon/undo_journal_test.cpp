#include "daemon/undo_journal.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/support/descriptors.hpp"

namespace sluice::daemon {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using testing::TemporaryDirectory;

class UndoJournalTest : public ::testing::Test {
 protected:
  UndoJournalTest() {
    fs::create_directories(state());
    EXPECT_FALSE(journal_->begin(0));
  }

  std::string state() const { return directory_.path("state"); }
  std::string path(std::string_view name) const { return directory_.path(name); }

  static stages::OpenFile opened(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return {{status.st_dev, status.st_ino}, static_cast<std::uint64_t>(status.st_size)};
  }

  // As a writer does.
  void append(const std::string& path, std::string_view text) {
    const bool created = !fs::exists(path);
    std::ofstream file(path, std::ios::app | std::ios::binary);
    EXPECT_FALSE(journal_->will_extend(path, opened(path), created, false));
    file << text;
  }
  void rename(const std::string& from, const std::string& to) {
    EXPECT_FALSE(journal_->will_rename(from, to, opened(from).identity, true));
    EXPECT_EQ(::rename(from.c_str(), to.c_str()), 0);
  }
  void undo(std::uint64_t epoch) {
    const flow::Error error = undo_to_checkpoint(flow::background(), state(), epoch,
                                                 [this](const std::string& sentence) { reports_ += sentence + "\n"; });
    EXPECT_FALSE(error) << error.message();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<UndoJournal> journal_ = std::make_unique<UndoJournal>(state(), false);
  std::string reports_;
};

TEST_F(UndoJournalTest, CutsFilesBackAndRemovesNewOnes) {
  directory_.file("old", "kept");
  append(path("old"), "lost");
  append(path("new %\nname"), "lost");
  undo(0);
  EXPECT_EQ(content_of(path("old")), "kept");
  EXPECT_FALSE(fs::exists(path("new %\nname")));
  EXPECT_EQ(reports_, "");
}

TEST_F(UndoJournalTest, UndoesRotationsInReverse) {
  directory_.file("out", "kept");
  append(path("out"), "one");
  rename(path("out"), path("out.1"));
  append(path("out"), "two");
  rename(path("out"), path("out.2"));
  append(path("out"), "three");
  undo(0);
  EXPECT_EQ(content_of(path("out")), "kept");
  EXPECT_FALSE(fs::exists(path("out.1")));
  EXPECT_FALSE(fs::exists(path("out.2")));
  undo(0);  // once more changes nothing
  EXPECT_EQ(content_of(path("out")), "kept");
}

// The process may die when it has opened the new file, before it can tell the journal of it.
TEST_F(UndoJournalTest, UndoesARotationWhoseNewFileIsStillEmpty) {
  directory_.file("out", "kept");
  append(path("out"), "one");
  rename(path("out"), path("out.1"));
  directory_.file("out", "");
  undo(0);
  EXPECT_EQ(content_of(path("out")), "kept");
  EXPECT_FALSE(fs::exists(path("out.1")));
  EXPECT_EQ(reports_, "");
}

TEST_F(UndoJournalTest, GoesBackToTheLastCheckpointOnly) {
  append(path("out"), "first ");
  ASSERT_FALSE(journal_->begin(1));
  EXPECT_FALSE(journal_->will_extend(path("out"), opened(path("out")), false, false));
  journal_->commit();
  std::ofstream(path("out"), std::ios::app) << "second";
  undo(1);
  EXPECT_EQ(content_of(path("out")), "first ");
}

// The process may be killed after the new journal was begun and before the checkpoint is there.
TEST_F(UndoJournalTest, OfACheckpointThatWasNotMadeDoesNotMatter) {
  append(path("out"), "first ");
  ASSERT_FALSE(journal_->begin(1));
  EXPECT_FALSE(journal_->will_extend(path("out"), opened(path("out")), false, false));
  undo(0);
  EXPECT_FALSE(fs::exists(path("out")));
  EXPECT_FALSE(fs::exists(state() + "/journal.1"));
}

TEST_F(UndoJournalTest, GoesOnWithTheOldJournalAfterAnAbort) {
  ASSERT_FALSE(journal_->begin(1));
  journal_->abort();
  append(path("out"), "first ");
  undo(0);
  EXPECT_FALSE(fs::exists(path("out")));
}

// The state file was replaced, but it is not known for how long: either checkpoint may be the one that is found.
TEST_F(UndoJournalTest, InDoubtBothJournalsGoOn) {
  for (const std::uint64_t found : {0, 1}) {
    journal_ = std::make_unique<UndoJournal>(state(), false);
    EXPECT_FALSE(journal_->begin(0));
    directory_.file("out", "kept");
    append(path("out"), "one");
    EXPECT_FALSE(journal_->begin(1));
    append(path("out"), "");
    journal_->doubt();
    rename(path("out"), path("out.1"));
    append(path("out"), "two");
    EXPECT_FALSE(journal_->begin(2));
    journal_->abort();
    rename(path("out"), path("out.2"));
    append(path("out"), "three");
    undo(found);
    EXPECT_EQ(content_of(path("out")), found == 0 ? "kept" : "keptone");
    EXPECT_FALSE(fs::exists(path("out.1")));
    EXPECT_FALSE(fs::exists(path("out.2")));
  }
}

TEST_F(UndoJournalTest, DoubtIsOverWithTheNextCheckpoint) {
  append(path("out"), "one");
  EXPECT_FALSE(journal_->begin(1));
  journal_->doubt();
  EXPECT_FALSE(journal_->begin(2));
  journal_->commit();
  EXPECT_FALSE(fs::exists(state() + "/journal.0"));
  EXPECT_FALSE(fs::exists(state() + "/journal.1"));
  undo(2);
  EXPECT_EQ(content_of(path("out")), "one");
}

TEST_F(UndoJournalTest, RemovesFilesWhenTheCheckpointIsThere) {
  directory_.file("old", "still needed");
  journal_->remove_later(path("old"));
  ASSERT_FALSE(journal_->begin(1));
  EXPECT_TRUE(fs::exists(path("old")));
  journal_->abort();
  ASSERT_FALSE(journal_->begin(1));
  ASSERT_FALSE(journal_->begin(1));  // begun anew
  EXPECT_TRUE(fs::exists(path("old")));
  journal_->commit();
  EXPECT_FALSE(fs::exists(path("old")));
}

TEST_F(UndoJournalTest, LeavesFilesAloneThatAreNotTheSameAnyMore) {
  directory_.file("out", "kept");
  append(path("out"), "lost");
  fs::rename(path("out"), path("elsewhere"));
  directory_.file("out", "somebody else's, and longer");
  undo(0);
  EXPECT_EQ(content_of(path("out")), "somebody else's, and longer");
  EXPECT_EQ(content_of(path("elsewhere")), "keptlost");
  EXPECT_NE(reports_.find("moved or replaced"), std::string::npos) << reports_;
}

TEST_F(UndoJournalTest, DoesNotLengthenWhatSomebodyElseHasCut) {
  directory_.file("out", "kept");
  append(path("out"), "lost");
  fs::resize_file(path("out"), 2);
  undo(0);
  EXPECT_EQ(content_of(path("out")), "ke");
  EXPECT_NE(reports_.find("somebody else has cut it"), std::string::npos) << reports_;
}

// A note is written before the change it tells of, so half a note tells of nothing.
TEST_F(UndoJournalTest, IgnoresALineThatIsNotWhole) {
  directory_.file("a", "kept");
  append(path("a"), "lost");
  const std::string journal = state() + "/journal.0";
  const auto size = fs::file_size(journal);
  directory_.file("b", "kept too");
  EXPECT_FALSE(journal_->will_extend(path("b"), {opened(path("b")).identity, 3}, false, false));
  for (auto cut = fs::file_size(journal) - 1; cut > size; --cut) {
    fs::resize_file(journal, cut);
    undo(0);
    EXPECT_EQ(content_of(path("b")), "kept too") << cut;
  }
  EXPECT_EQ(content_of(path("a")), "kept");
}

TEST_F(UndoJournalTest, ThatCannotBeReadIsAnError) {
  fs::create_directory(state() + "/journal.7");
  const flow::Error error = undo_to_checkpoint(flow::background(), state(), 7, [](const std::string&) {});
  EXPECT_NE(error.message().find("cannot read"), std::string::npos) << error.message();
}

TEST(UndoJournal, ThatIsNotThereUndoesNothing) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(undo_to_checkpoint(flow::background(), directory.path(""), 7, {}));
}

}  // namespace
}  // namespace sluice::daemon
