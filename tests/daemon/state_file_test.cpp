#include "daemon/state_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/descriptors.hpp"

namespace sluice::daemon {
namespace {

using testing::TemporaryDirectory;

Checkpoint sample() {
  Checkpoint checkpoint;
  checkpoint.epoch = 42;
  checkpoint.saved = "2026-11-25T02:00:00.000001Z";
  checkpoint.generators["generate-1"] = R"({"files":[{"path":"/var/log/a \"b\".log","offset":18446744073709551615}]})";
  checkpoint.generators["other"] = "{}";
  checkpoint.stages["parse-2"] = "0 1 2 - - 6162;";
  return checkpoint;
}

TEST(StateFile, ComesBackAsItWas) {
  const TemporaryDirectory directory;
  const flow::Context root = flow::background();
  ASSERT_FALSE(write_checkpoint(root, directory.path(""), sample()));
  Checkpoint read;
  const flow::Error error = read_checkpoint(root, directory.path(""), read);
  ASSERT_FALSE(error) << error.message();
  EXPECT_EQ(read.epoch, 42u);
  EXPECT_EQ(read.saved, sample().saved);
  EXPECT_EQ(read.generators, sample().generators);
  EXPECT_EQ(read.stages, sample().stages);
}

TEST(StateFile, ThatIsNotThereIsNoCheckpoint) {
  const TemporaryDirectory directory;
  Checkpoint read;
  EXPECT_FALSE(read_checkpoint(flow::background(), directory.path(""), read));
  EXPECT_EQ(read.epoch, 0u);
}

// Whatever happens to the file, it is never taken for another one, and never for none.
TEST(StateFile, ThatIsDamagedIsAnError) {
  const std::string whole = to_text(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Checkpoint read;
    EXPECT_TRUE(from_text(whole.substr(0, size), read)) << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    Checkpoint read;
    EXPECT_TRUE(from_text(damaged, read)) << i;
  }
}

TEST(StateFile, OfSomebodyElseIsAnErrorThatSaysWhatToDo) {
  const TemporaryDirectory directory;
  directory.file("sluice.state", "[SERVICE]\n    Flush 1\n");
  Checkpoint read;
  const flow::Error error = read_checkpoint(flow::background(), directory.path(""), read);
  EXPECT_NE(error.message().find("not a state file of sluice"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("remove"), std::string::npos);
}

TEST(StateFile, OfALaterVersionIsRefused) {
  std::string text = to_text(sample());
  text.replace(text.find(":1,"), 3, ":2,");
  Checkpoint read;
  EXPECT_NE(from_text(text, read).message().find("version 2"), std::string::npos);
}

}  // namespace
}  // namespace sluice::daemon
