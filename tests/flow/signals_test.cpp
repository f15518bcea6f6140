#include "flow/signals.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "context_support.hpp"
#include "flow/notifier.hpp"

namespace sluice::flow {
namespace {

using test::kLong;
using test::kSoon;
using namespace std::chrono_literals;

bool blocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

// To the process, as kill(1) does, not to this thread as raise() would.
void send(int signal) { ASSERT_EQ(::kill(::getpid(), signal), 0); }

// Other threads that would take a signal meant for the watcher: those that earlier tests made oneTBB start. ctest runs
// each test in a process of its own, where there are none.
bool others_take_signals() {
  const std::string self = std::to_string(::gettid());
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == self) continue;
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("SigBlk:", 0) != 0) continue;
      if ((std::stoull(line.substr(7), nullptr, 16) >> (SIGTERM - 1) & 1) == 0) return true;
    }
  }
  return false;
}

class NotifyContext : public testing::Test {
 protected:
  void SetUp() override {
    if (others_take_signals()) GTEST_SKIP() << "needs a process of its own: run it through ctest";
  }
};
class Signals : public NotifyContext {};

TEST_F(NotifyContext, EndsWithTheSignalAsTheCause) {
  auto [context, handle] = notify_context(background(), {SIGTERM, SIGINT});
  EXPECT_FALSE(context.done());
  send(SIGTERM);
  ASSERT_TRUE(context.wait_for(kSoon));
  EXPECT_EQ(context.error(), Errc::canceled);
  EXPECT_EQ(context.cause().message(), "signal: SIGTERM");
  send(SIGINT);  // has no effect while the handle lives
  EXPECT_EQ(context.cause().message(), "signal: SIGTERM");
}

TEST_F(NotifyContext, EndsWithItsParentAndItsHandle) {
  auto parent = with_cancel(background());
  {
    auto child = notify_context(parent.context, {SIGALRM});
    EXPECT_TRUE(blocked(SIGALRM));
    parent.cancel();
    EXPECT_TRUE(child.context.done());
  }
  EXPECT_FALSE(blocked(SIGALRM)) << "the old mask is back";
  auto other = notify_context(background(), {SIGALRM});
  other.cancel();
  EXPECT_EQ(other.context.cause(), Error(Errc::canceled));
}

TEST_F(NotifyContext, SaysWhyItCannotWatch) {
  auto [context, handle] = notify_context(background(), {SIGKILL});
  EXPECT_TRUE(context.done());
  EXPECT_EQ(context.cause().code(), std::errc::invalid_argument);
  EXPECT_NE(context.cause().message().find("SIGKILL"), std::string::npos);
}

TEST_F(Signals, DeliversEverySignal) {
  std::vector<int> seen;
  std::counting_semaphore<> delivered(0);
  const auto maker = std::this_thread::get_id();
  SignalWatcher watcher({SIGTERM, SIGHUP, SIGUSR1}, [&](int signal) {
    EXPECT_NE(std::this_thread::get_id(), maker);
    seen.push_back(signal);
    delivered.release();
  });
  ASSERT_FALSE(watcher.error());
  const std::vector<int> sent{SIGTERM, SIGHUP, SIGTERM, SIGUSR1, SIGTERM};
  for (const int signal : sent) {
    send(signal);
    ASSERT_TRUE(delivered.try_acquire_for(kSoon));
  }
  EXPECT_EQ(seen, sent);
}

TEST_F(Signals, DeliversWhatCameBeforeItsEnd) {
  int seen = 0;
  {
    const SignalWatcher watcher({SIGUSR2}, [&](int) { ++seen; });
    send(SIGUSR2);
  }
  EXPECT_EQ(seen, 1);
  EXPECT_FALSE(blocked(SIGUSR2));
}

TEST_F(Signals, MayBeDestroyedByItsFunction) {
  std::promise<void> gone;
  std::mutex mutex;  // guards the watcher
  std::optional<SignalWatcher> watcher;
  {
    const std::lock_guard lock(mutex);
    watcher.emplace(std::vector<int>{SIGUSR1}, [&](int) {
      {
        const std::lock_guard inner(mutex);
        watcher.reset();
      }
      gone.set_value();
    });
  }
  send(SIGUSR1);
  EXPECT_EQ(gone.get_future().wait_for(kSoon), std::future_status::ready);
}

TEST(SignalName, IsTheUsualOne) {
  EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
  EXPECT_EQ(signal_name(SIGHUP), "SIGHUP");
  EXPECT_EQ(signal_name(9999), "signal 9999");
}

bool readable(int fd) {
  pollfd watched{fd, POLLIN, 0};
  return ::poll(&watched, 1, 0) == 1 && (watched.revents & POLLIN) != 0;
}

TEST(WakeFd, BecomesReadableWhenTheContextIsDone) {
  auto [context, handle] = with_cancel(background());
  const WakeFd wake(context);
  ASSERT_FALSE(wake.error());
  EXPECT_FALSE(readable(wake.fd()));
  handle.cancel();
  EXPECT_TRUE(readable(wake.fd()));
  EXPECT_TRUE(readable(WakeFd(context).fd())) << "also if it is done already";
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  int reader() const { return ends_[0]; }
  void write() const { ASSERT_EQ(::write(ends_[1], "x", 1), 1); }

 private:
  std::array<int, 2> ends_{};
};

TEST(WaitReady, ReturnsForDataTimeAndTheContext) {
  auto scope = with_cancel(background());
  const Context& context = scope.context;
  const WakeFd wake(context);
  const Pipe pipe;
  EXPECT_EQ(wait_ready(context, wake, pipe.reader(), POLLIN, std::chrono::steady_clock::now() + 2ms).code(),
            std::errc::timed_out);
  pipe.write();
  EXPECT_EQ(wait_ready(context, wake, pipe.reader(), POLLIN, std::chrono::steady_clock::now() + kLong), Error{});

  const Pipe silent;
  std::thread canceller([&] { scope.cancel(Error(Errc::canceled, "enough")); });
  EXPECT_EQ(wait_ready(context, wake, silent.reader(), POLLIN).message(), "enough");
  canceller.join();
}

}  // namespace
}  // namespace sluice::flow
