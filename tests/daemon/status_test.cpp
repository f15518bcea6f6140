#include "daemon/status.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>

#include "daemon/state_file.hpp"
#include "fmt/format.h"
#include "tests/support/descriptors.hpp"

namespace sluice::daemon {
namespace {

using testing::TemporaryDirectory;

constexpr record::Timestamp kNow{1'764'000'100, 0};  // 2025-11-24T16:01:40Z

class StatusTest : public ::testing::Test {
 protected:
  std::string entry(const std::string& path, std::uint64_t offset) const {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return fmt::format(R"({{"path":"{}","device":{},"inode":{},"offset":{},"time":"2025-11-24T16:00:00.250Z"}})", path,
                       status.st_dev, status.st_ino, offset);
  }
  std::string print(const std::string& files, bool as_json) {
    Checkpoint checkpoint;
    checkpoint.epoch = 3;
    checkpoint.saved = "2025-11-24T16:01:00Z";
    checkpoint.generators["logs"] = "{\"files\":[" + files + "]}";
    EXPECT_FALSE(write_checkpoint(flow::background(), directory_.path(""), checkpoint));
    std::ostringstream out;
    const flow::Error error = print_state(flow::background(), directory_.path(""), kNow, as_json, out);
    EXPECT_FALSE(error) << error.message();
    return out.str();
  }
  TemporaryDirectory directory_;
};

TEST_F(StatusTest, ShowsPositionSizeLagAndAge) {
  const std::string path = directory_.file("a.log", "0123456789");
  const std::string text = print(entry(path, 4), false);
  EXPECT_NE(text.find("checkpoint 3 of 2025-11-24T16:01:00Z, 1 files"), std::string::npos) << text;
  EXPECT_NE(text.find(fmt::format("{}  {:>12}  {:>12}  {:>12}  {:>5}\n", path, 4, 10, 6, "100s")), std::string::npos)
      << text;
}

TEST_F(StatusTest, KnowsThatAFileHasBeenReplaced) {
  const std::string path = directory_.file("a.log", "0123456789");
  const std::string known = entry(path, 4);
  ::rename(path.c_str(), (path + ".1").c_str());
  directory_.file("a.log", "new");
  EXPECT_NE(print(known, false).find("gone"), std::string::npos);
  EXPECT_EQ(
      print(known, true),
      fmt::format(
          R"({{"checkpoint":3,"saved":"2025-11-24T16:01:00Z","files":[{{"generator":"logs","path":"{}","position":4,"size":null,"lag":null,"age_s":100}}]}})",
          path) +
          "\n");
}

TEST_F(StatusTest, DoesNotSendControlBytesToTheTerminal) {
  const std::string text = print(R"({"path":"/x/\u001b[31m","device":0,"inode":0,"offset":1})", false);
  EXPECT_NE(text.find("/x/\\x1b[31m"), std::string::npos) << text;
}

TEST_F(StatusTest, SaysWhereItLookedWhenThereIsNoState) {
  std::ostringstream out;
  const flow::Error error = print_state(flow::background(), directory_.path("none"), kNow, false, out);
  EXPECT_NE(error.message().find("none/sluice.state"), std::string::npos) << error.message();
}

}  // namespace
}  // namespace sluice::daemon
