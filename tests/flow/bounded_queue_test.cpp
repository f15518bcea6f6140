#include "flow/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "flow/context.hpp"
#include "tests/support/scale.hpp"

namespace sluice::flow {
namespace {

using Queue = BoundedQueue<std::unique_ptr<int>>;

std::unique_ptr<int> item(int value) { return std::make_unique<int>(value); }

TEST(BoundedQueue, HandsItemsOutInTheOrderInWhichTheyWereSent) {
  Queue queue(3);
  const Context ctx = background();
  for (int i = 0; i < 3; ++i) {
    auto next = item(i);
    EXPECT_FALSE(queue.send(ctx, next));
    EXPECT_EQ(next, nullptr);
  }
  EXPECT_EQ(queue.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(**queue.receive(ctx).item, i);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(BoundedQueue, HoldsAtLeastOneItem) { EXPECT_EQ(Queue(0).capacity(), 1u); }

TEST(BoundedQueue, RefusesWhatDoesNotFitAndLeavesItWithTheCaller) {
  Queue queue(1);
  auto first = item(1);
  auto second = item(2);
  EXPECT_EQ(queue.try_send(first), Queue::Sent::sent);
  EXPECT_EQ(queue.try_send(second), Queue::Sent::full);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueue, SendBlocksUntilThereIsRoom) {
  Queue queue(1);
  const Context ctx = background();
  std::thread sender([&] {
    for (int i = 0; i < 100; ++i) {
      auto next = item(i);
      EXPECT_FALSE(queue.send(ctx, next));
    }
    queue.close();
  });
  int expected = 0;
  for (auto received = queue.receive(ctx); received.item; received = queue.receive(ctx)) {
    EXPECT_EQ(**received.item, expected++);
    EXPECT_LE(queue.size(), 1u);
  }
  sender.join();
  EXPECT_EQ(expected, 100);
}

TEST(BoundedQueue, AfterCloseReceiversGetWhatIsLeftAndThenLearnThatItIsClosed) {
  Queue queue(2);
  const Context ctx = background();
  auto only = item(7);
  ASSERT_FALSE(queue.send(ctx, only));
  queue.close();
  queue.close();
  auto late = item(8);
  EXPECT_EQ(queue.send(ctx, late).code(), std::errc::broken_pipe);
  EXPECT_EQ(queue.try_send(late), Queue::Sent::closed);
  EXPECT_NE(late, nullptr);
  EXPECT_EQ(**queue.receive(ctx).item, 7);
  const auto end = queue.receive(ctx);
  EXPECT_FALSE(end.item);
  EXPECT_FALSE(end.error);
}

TEST(BoundedQueue, DrainReturnsEveryAcceptedItemThatNobodyReceived) {
  Queue queue(4);
  for (int i = 0; i < 4; ++i) {
    auto next = item(i);
    ASSERT_EQ(queue.try_send(next), Queue::Sent::sent);
  }
  EXPECT_EQ(**queue.try_receive(), 0);
  const auto left = queue.drain();
  ASSERT_EQ(left.size(), 3u);
  EXPECT_EQ(*left[0], 1);
  EXPECT_TRUE(queue.closed());
  EXPECT_FALSE(queue.try_receive());
}

TEST(BoundedQueue, CancelEndsABlockedSendAndTheItemStaysWithItsSender) {
  Queue queue(1);
  auto first = item(1);
  ASSERT_EQ(queue.try_send(first), Queue::Sent::sent);
  auto scope = with_cancel(background());
  std::thread sender([&] {
    auto second = item(2);
    EXPECT_EQ(queue.send(scope.context, second).message(), "enough");
    EXPECT_NE(second, nullptr);
  });
  scope.cancel(Error(Errc::canceled, "enough"));
  sender.join();
  EXPECT_EQ(queue.size(), 1u);
}

TEST(BoundedQueue, CancelEndsABlockedReceive) {
  Queue queue(1);
  auto scope = with_cancel(background());
  std::thread receiver([&] { EXPECT_EQ(queue.receive(scope.context).error.code(), Errc::canceled); });
  scope.cancel();
  receiver.join();
}

TEST(BoundedQueue, CancellationGoesBeforeItems) {
  Queue queue(2);
  auto scope = with_cancel(background());
  auto first = item(1);
  ASSERT_EQ(queue.try_send(first), Queue::Sent::sent);
  scope.cancel();
  EXPECT_FALSE(queue.receive(scope.context).item);
  auto second = item(2);
  EXPECT_TRUE(queue.send(scope.context, second));
  EXPECT_EQ(queue.size(), 1u);
}

TEST(BoundedQueue, ATaskThatFindsNoRoomIsCalledOnceWhenAPlaceIsHeldForIt) {
  Queue queue(1);
  auto first = item(1);
  auto second = item(2);
  int calls = 0;
  Queue::Sender sender([&] { ++calls; });
  ASSERT_EQ(queue.try_send(first), Queue::Sent::sent);
  EXPECT_FALSE(queue.try_hold(sender));
  EXPECT_EQ(queue.hold(sender), Queue::Room::waiting);
  EXPECT_EQ(queue.hold(sender), Queue::Room::waiting);
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(queue.try_receive());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(queue.hold(sender), Queue::Room::held);
  EXPECT_TRUE(queue.push(sender, std::move(second)));
  EXPECT_EQ(**queue.try_receive(), 2);
  EXPECT_EQ(calls, 1);
}

TEST(BoundedQueue, AHeldPlaceIsNobodyElses) {
  Queue queue(1);
  Queue::Sender sender;
  ASSERT_TRUE(queue.try_hold(sender));
  auto other = item(1);
  EXPECT_EQ(queue.try_send(other), Queue::Sent::full);
  queue.give_up(sender);
  EXPECT_EQ(queue.try_send(other), Queue::Sent::sent);
}

TEST(BoundedQueue, SendersGetPlacesInTheOrderInWhichTheyAsked) {
  Queue queue(1);
  std::vector<int> called;
  Queue::Sender first([&] { called.push_back(1); });
  Queue::Sender second([&] { called.push_back(2); });
  Queue::Sender third([&] { called.push_back(3); });
  auto filler = item(0);
  ASSERT_EQ(queue.try_send(filler), Queue::Sent::sent);
  ASSERT_EQ(queue.hold(first), Queue::Room::waiting);
  ASSERT_EQ(queue.hold(second), Queue::Room::waiting);
  ASSERT_EQ(queue.hold(third), Queue::Room::waiting);
  ASSERT_TRUE(queue.try_receive());
  auto barging = item(9);
  EXPECT_EQ(queue.try_send(barging), Queue::Sent::full);
  queue.give_up(first);  // passes its place on
  queue.give_up(third);  // leaves the line
  ASSERT_TRUE(queue.push(second, item(2)));
  ASSERT_TRUE(queue.try_receive());
  EXPECT_EQ(called, (std::vector<int>{1, 2}));
  EXPECT_EQ(queue.try_send(barging), Queue::Sent::sent);
}

TEST(BoundedQueue, ACancelledSenderDoesNotHoldUpTheLine) {
  Queue queue(1);
  auto filler = item(0);
  ASSERT_EQ(queue.try_send(filler), Queue::Sent::sent);
  auto scope = with_cancel(background());
  std::thread blocked([&] {
    auto never = item(1);
    EXPECT_TRUE(queue.send(scope.context, never));
  });
  scope.cancel();
  blocked.join();
  ASSERT_TRUE(queue.try_receive());
  auto next = item(2);
  EXPECT_EQ(queue.try_send(next), Queue::Sent::sent);
}

TEST(BoundedQueue, CloseCallsThoseInLineAndTakesHeldPlacesBack) {
  Queue queue(2);
  auto filler = item(0);
  ASSERT_EQ(queue.try_send(filler), Queue::Sent::sent);
  int calls = 0;
  Queue::Sender holder;
  Queue::Sender waiter([&] { ++calls; });
  ASSERT_TRUE(queue.try_hold(holder));
  ASSERT_EQ(queue.hold(waiter), Queue::Room::waiting);
  queue.close();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(queue.hold(waiter), Queue::Room::closed);
  auto late = item(1);
  EXPECT_FALSE(queue.push(holder, std::move(late)));
  EXPECT_NE(late, nullptr);
}

TEST(BoundedQueue, TellsAboutEachItemAndTheEnd) {
  Queue queue(2);
  int calls = 0;
  std::size_t seen = 0;
  queue.on_item([&] {
    ++calls;
    seen = queue.size();
  });
  auto first = item(1);
  ASSERT_EQ(queue.try_send(first), Queue::Sent::sent);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(seen, 1u);
  queue.close();
  EXPECT_EQ(calls, 2);
}

// Senders and receivers of every kind, cancelled and closed at random moments: accepted = received + drained.
TEST(BoundedQueue, LosesNoAcceptedItemHoweverItEnds) {
  const unsigned base = std::random_device()();
  for (unsigned round = 0; round < test::scaled(200); ++round) {
    const unsigned seed = base + round;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Queue queue(1 + random() % 3);
    auto scope = with_cancel(background());
    std::atomic<int> accepted = 0;
    std::atomic<int> received = 0;
    const int stop_at = static_cast<int>(random() % 400);
    const bool by_close = random() % 2 == 0;
    std::vector<std::thread> threads;
    for (int s = 0; s < 3; ++s) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          auto next = item(i);
          if (queue.send(scope.context, next)) {
            EXPECT_NE(next, nullptr);
            return;
          }
          if (++accepted == stop_at) by_close ? queue.close() : scope.cancel();
        }
      });
    }
    for (int r = 0; r < 2; ++r) {
      threads.emplace_back([&] {
        while (queue.receive(scope.context).item) {
          if (++received == 600) queue.close();
        }
      });
    }
    for (std::size_t t = 0; t < 3; ++t) threads[t].join();
    queue.close();
    for (std::size_t t = 3; t < threads.size(); ++t) threads[t].join();
    EXPECT_EQ(accepted, received + static_cast<int>(queue.drain().size()));
  }
}

}  // namespace
}  // namespace sluice::flow
