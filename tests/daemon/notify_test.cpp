#include "daemon/notify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/peer.hpp"

namespace sluice::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A service manager's socket, and the environment that points to it.
class Notify : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kServiceManagerVariables) unsetenv(name);
    path_ = (std::filesystem::path(::testing::TempDir()) / ("notify-" + std::to_string(getpid()))).string();
    peer_.emplace(sluice::testing::Peer::at(path_, SOCK_DGRAM));
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : kServiceManagerVariables) unsetenv(name);
    std::filesystem::remove(path_);
  }
  static void watch(std::string_view microseconds, pid_t process) {
    setenv("WATCHDOG_USEC", std::string(microseconds).c_str(), 1);
    setenv("WATCHDOG_PID", std::to_string(process).c_str(), 1);
  }
  std::vector<std::string> heard() const { return peer_->received(); }

  std::string path_;
  std::optional<sluice::testing::Peer> peer_;
};

TEST_F(Notify, SaysNothingAndSucceedsWithoutAServiceManager) {
  unsetenv("NOTIFY_SOCKET");
  watch("1000000", getpid());
  const ServiceManager manager;
  EXPECT_FALSE(manager.is_present());
  EXPECT_FALSE(manager.watchdog_timeout());
  EXPECT_FALSE(manager.ready("up"));
  EXPECT_FALSE(manager.watchdog());
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Notify, TellsEachEventInOneMessage) {
  const ServiceManager manager;
  EXPECT_TRUE(manager.is_present());
  EXPECT_FALSE(manager.ready());
  EXPECT_FALSE(manager.ready("all 5 stages are up"));
  EXPECT_FALSE(manager.status("12 records/s"));
  EXPECT_FALSE(manager.stopping("draining"));
  EXPECT_FALSE(manager.extend_timeout(1500ns));
  EXPECT_THAT(heard(), ElementsAre("READY=1", "READY=1\nSTATUS=all 5 stages are up", "STATUS=12 records/s",
                                   "STOPPING=1\nSTATUS=draining", "EXTEND_TIMEOUT_USEC=2"));
}

TEST_F(Notify, ReloadingCarriesTheMonotonicClock) {
  timespec before{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  EXPECT_FALSE(ServiceManager().reloading("checking"));
  timespec after{};
  clock_gettime(CLOCK_MONOTONIC, &after);
  const std::vector<std::string> messages = heard();
  ASSERT_EQ(messages.size(), 1U);
  const std::string head = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_THAT(messages[0], StartsWith(head));
  EXPECT_THAT(messages[0], HasSubstr("\nSTATUS=checking"));
  const long long at = std::stoll(messages[0].substr(head.size()));
  EXPECT_GE(at, before.tv_sec * 1'000'000LL + before.tv_nsec / 1000);
  EXPECT_LE(at, after.tv_sec * 1'000'000LL + after.tv_nsec / 1000);
}

TEST_F(Notify, AStatusCannotInjectAnotherMessage) {
  EXPECT_FALSE(ServiceManager().status("a\nREADY=1\r\nb"));
  EXPECT_THAT(heard(), ElementsAre("STATUS=a READY=1  b"));
}

TEST_F(Notify, NoTimeIsNoExtension) {
  EXPECT_FALSE(ServiceManager().extend_timeout(0s));
  EXPECT_FALSE(ServiceManager().extend_timeout(-1s));
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(Notify, PingsOnlyIfItIsWatched) {
  EXPECT_FALSE(ServiceManager().watchdog());
  EXPECT_THAT(heard(), IsEmpty());
  watch("3000000", getpid());
  const ServiceManager manager;
  EXPECT_EQ(manager.watchdog_timeout(), 3s);
  EXPECT_FALSE(manager.watchdog());
  EXPECT_THAT(heard(), ElementsAre("WATCHDOG=1"));
}

TEST_F(Notify, AWatchdogOfAnotherProcessIsNotOurs) {
  watch("3000000", getppid());
  EXPECT_FALSE(ServiceManager().watchdog_timeout());
}

TEST_F(Notify, SaysWhatCouldNotBeTold) {
  const ServiceManager manager;
  peer_.reset();
  std::filesystem::remove(path_);
  const flow::Error error = manager.ready("up");
  EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
  EXPECT_THAT(error.message(), HasSubstr("could not be told READY=1"));
}

}  // namespace
}  // namespace sluice::daemon
