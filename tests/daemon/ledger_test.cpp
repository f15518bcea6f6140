#include "daemon/ledger.hpp"

#include <gtest/gtest.h>

namespace sluice::daemon {
namespace {

using namespace std::chrono_literals;

// A pipeline of three stages whose books are right.
void fill(Ledger& ledger) {
  ledger.add_stage("generate-1", "generate", Ledger::Role::generator);
  ledger.add_stage("filter-2", "filter", Ledger::Role::transform);
  ledger.add_stage("write-3", "write", Ledger::Role::writer);
  ledger.add(0, {.in = 100, .out = 95, .rejected = 5, .bytes_in = 31000});
  ledger.add(1, {.in = 95, .out = 40, .filtered = 55, .busy = 4ms});
  ledger.add(2, {.in = 40, .out = 40, .bytes_out = 12400});
  ledger.add_errors(1, "no_such_field", 2);
}

TEST(Ledger, BalancesWhenEverythingIsAccountedFor) {
  Ledger ledger;
  fill(ledger);
  ledger.close("eof");
  const LedgerSnapshot now = ledger.snapshot();
  EXPECT_TRUE(now.balanced);
  EXPECT_EQ(now.received, 100u);
  EXPECT_EQ(now.written, 40u);
  EXPECT_EQ(now.filtered, 55u);
  EXPECT_EQ(now.rejected, 5u);
  EXPECT_EQ(now.in_flight, 0u);
}

TEST(Ledger, DoesNotBalanceWhenARecordIsMissing) {
  Ledger ledger;
  fill(ledger);
  ledger.add(0, {.in = 1, .out = 1});
  EXPECT_EQ(ledger.snapshot().in_flight, 1u);
  EXPECT_TRUE(ledger.snapshot().balanced) << "while running, it is on its way";
  ledger.close("eof");
  EXPECT_FALSE(ledger.snapshot().balanced);
}

TEST(Ledger, DoesNotBalanceWhenTwoStagesErrInOppositeWays) {
  Ledger ledger;
  fill(ledger);
  ledger.add(0, {.filtered = 1});
  ledger.add(1, {.in = 1});
  ledger.add(0, {.in = 1});
  ledger.close("eof");
  EXPECT_FALSE(ledger.snapshot().balanced);
}

TEST(Ledger, CountsCopiesAsReceivedTwice) {
  Ledger ledger;
  ledger.add_stage("generate-1", "generate", Ledger::Role::generator);
  ledger.add_stage("write-2", "write", Ledger::Role::writer);
  ledger.add_stage("write-3", "write", Ledger::Role::writer);
  ledger.add(0, {.in = 10, .out = 10});
  ledger.add(0, {.out = 10, .copied = 10});
  ledger.add(1, {.in = 10, .out = 10});
  ledger.add(2, {.in = 10, .out = 10});
  ledger.close("eof");
  EXPECT_TRUE(ledger.snapshot().balanced);
  EXPECT_EQ(ledger.snapshot().copied, 10u);
  EXPECT_EQ(ledger.snapshot().written, 20u);
}

TEST(Ledger, HasTheContractsFieldsInItsOrder) {
  Ledger ledger;
  fill(ledger);
  ledger.close("signal: SIGTERM");
  LedgerSnapshot now = ledger.snapshot();
  now.elapsed = 12ms;
  EXPECT_EQ(to_json(now),
            R"({"balanced": true, "cause": "signal: SIGTERM", "received": 100, "written": 40, "filtered": 55, )"
            R"("rejected": 5, "abandoned": 0, "in_flight": 0, "copied": 0, "elapsed_s": 0.012000, "bytes_in": 31000, )"
            R"("bytes_out": 12400, "stages": [)"
            R"({"name": "generate-1", "kind": "generate", "in": 100, "out": 95, "filtered": 0, "rejected": 5, )"
            R"("abandoned": 0, "copied": 0, "errors": {}, "bytes_in": 31000, "bytes_out": 0, "busy_s": 0.000000}, )"
            R"({"name": "filter-2", "kind": "filter", "in": 95, "out": 40, "filtered": 55, "rejected": 0, )"
            R"("abandoned": 0, "copied": 0, "errors": {"no_such_field": 2}, "bytes_in": 0, "bytes_out": 0, )"
            R"("busy_s": 0.004000}, )"
            R"({"name": "write-3", "kind": "write", "in": 40, "out": 40, "filtered": 0, "rejected": 0, )"
            R"("abandoned": 0, "copied": 0, "errors": {}, "bytes_in": 0, "bytes_out": 12400, "busy_s": 0.000000}]})");
}

TEST(Ledger, SaysInALineHowItWent) {
  Ledger ledger;
  fill(ledger);
  ledger.close("eof");
  LedgerSnapshot now = ledger.snapshot();
  now.elapsed = 12ms;
  EXPECT_EQ(summary(now),
            "100 received = 40 written + 55 filtered + 5 rejected; 31.0 kB in, 12.4 kB out, 0.012 s; eof");
}

TEST(Ledger, AbandonsWhatWasPassedOnAndNeverArrived) {
  Ledger ledger;
  ledger.add_stage("generate-1", "generate", Ledger::Role::generator);
  ledger.add_stage("write-2", "write", Ledger::Role::writer);
  ledger.add(0, {.in = 10, .out = 10});
  ledger.abandon_passed_on(0, 4);
  ledger.add(1, {.in = 6});
  ledger.abandon_passed_on(1, 6);
  ledger.close("deadline");
  EXPECT_TRUE(ledger.snapshot().balanced);
  EXPECT_EQ(ledger.snapshot().abandoned, 10u);
}

TEST(Ledger, OfSeveralTopologiesIsTheirSum) {
  Ledger first;
  fill(first);
  first.add_errors(0, "invalid_json", 5);
  first.close("reload");
  Ledger second;
  fill(second);
  second.add_stage("enrich-4", "enrich", Ledger::Role::transform);
  second.close("eof");
  LedgerSnapshot before = first.snapshot();
  before.stages[1].name = "gone";
  before.elapsed = 2s;
  LedgerSnapshot now = second.snapshot();
  now.elapsed = 3s;

  const LedgerSnapshot sum = joined(before, now);
  EXPECT_TRUE(sum.balanced);
  EXPECT_EQ(sum.cause, "eof") << "why the last one ended";
  EXPECT_EQ(sum.elapsed, 5s);
  EXPECT_EQ(sum.received, 200u);
  EXPECT_EQ(sum.written, 80u);
  EXPECT_EQ(sum.filtered, 110u);
  EXPECT_EQ(sum.rejected, 10u);
  EXPECT_EQ(sum.bytes_in, 62000u);
  EXPECT_EQ(sum.bytes_out, 24800u);
  ASSERT_EQ(sum.stages.size(), 5u);
  EXPECT_EQ(sum.stages[0].counts.in, 200u) << "the same stage";
  EXPECT_EQ(sum.stages[0].errors, (ReasonCounts{{"invalid_json", 5}}));
  EXPECT_EQ(sum.stages[1].counts.in, 95u) << "only of the second";
  EXPECT_EQ(sum.stages[3].name, "enrich-4");
  EXPECT_EQ(sum.stages[4].name, "gone");
  EXPECT_EQ(sum.stages[4].counts.busy, 4ms);
  EXPECT_EQ(sum.stages[4].errors, (ReasonCounts{{"no_such_field", 2}}));
}

TEST(Ledger, OfSeveralTopologiesDoesNotBalanceIfOneDoesNot) {
  Ledger first;
  fill(first);
  first.add(0, {.in = 1, .out = 1});
  first.close("reload");
  Ledger second;
  fill(second);
  second.close("eof");
  EXPECT_FALSE(joined(first.snapshot(), second.snapshot()).balanced);
  EXPECT_EQ(joined(first.snapshot(), second.snapshot()).in_flight, 1u);
}

}  // namespace
}  // namespace sluice::daemon
