// The accounting of a run: how every record that a generator accepted ended.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::daemon {

// What one batch adds to a stage's counters. Records, bytes, time.
struct Delta {
  std::uint64_t in = 0;         // records that came in (generators: accepted)
  std::uint64_t out = 0;        // records passed on, copies included (writers: written)
  std::uint64_t filtered = 0;   // records that ended here as meant
  std::uint64_t rejected = 0;   // records whose line is in `rejects` (or was dropped there, as configured)
  std::uint64_t abandoned = 0;  // records lost to a failure or to the end of the grace period
  std::uint64_t copied = 0;     // records that exist because several readers each got one, or an earlier run held parts
  std::uint64_t bytes_in = 0;   // generators: bytes accepted
  std::uint64_t bytes_out = 0;  // writers: bytes written
  std::chrono::nanoseconds busy{};
};

using ReasonCounts = std::vector<std::pair<std::string, std::uint64_t>>;

// The counters of one stage at a moment. `in + copied = out + filtered + rejected + abandoned` when nothing is under
// way.
struct StageSnapshot {
  std::string name;
  std::string kind;
  Delta counts;
  ReasonCounts errors;  // what went wrong, by reason, sorted; rejected records are among them
};

// The whole ledger at a moment.
struct LedgerSnapshot {
  bool balanced = false;
  std::string cause;
  std::uint64_t received = 0;
  std::uint64_t copied = 0;
  std::uint64_t written = 0;
  std::uint64_t filtered = 0;
  std::uint64_t rejected = 0;
  std::uint64_t abandoned = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::chrono::nanoseconds elapsed{};
  std::vector<StageSnapshot> stages;
};

// The books of a run that several topologies had one after the other: `before` is of those that are over, `now` of the
// one that runs. Stages of the same name and kind are one; stages that are no more come last.
LedgerSnapshot joined(const LedgerSnapshot& before, LedgerSnapshot now);

// {"reason": count, ...}
std::string errors_json(const ReasonCounts& errors);

// One JSON object on one line, without a line end; the fields of CONTRACT section 3 in that order.
std::string to_json(const LedgerSnapshot& ledger);

// One line for people: "100 received = 40 written + 55 filtered + 5 rejected; 31.0 kB in, ...".
std::string summary(const LedgerSnapshot& ledger);

// The counters of all stages. Stages are added before the run, from one thread; everything else is thread-safe.
class Ledger {
 public:
  enum class Role { generator, transform, writer };

  // The index that the other functions take: 0, 1, ... in the order of the calls.
  std::size_t add_stage(std::string name, std::string kind, Role role);
  std::size_t stage_count() const { return stages_.size(); }

  // Adds what a batch did. Cheap: an atomic addition for each counter that is not zero.
  void add(std::size_t stage, const Delta& delta);
  // Records that `stage` had passed on (or, a writer, encoded) and that then never got anywhere.
  void abandon_passed_on(std::size_t stage, std::uint64_t records);
  // Records that `stage` had passed on to an output that nobody reads: filtered there.
  void filter_passed_on(std::size_t stage, std::uint64_t records);
  void add_errors(std::size_t stage, std::string_view reason, std::uint64_t count);

  // Says that the run is over and why; from now on balanced means that nothing at all is missing.
  void close(std::string cause);

  // Consistent enough while running: a record is never seen at its end before it is seen at its beginning.
  LedgerSnapshot snapshot() const;

  // Of the snapshot, without the rest. Zero is final as long as no generator emits and no stage lets go what it held
  // back; whoever sees it also sees everything that was done to the records.
  std::uint64_t in_flight() const;
  bool has_abandoned() const;

 private:
  struct Counter {
    std::atomic<std::uint64_t> value{0};
    // Released by the worker whose batch moves on, acquired by snapshot(), which reads ends before beginnings.
    void add(std::uint64_t count) {
      if (count != 0) value.fetch_add(count, std::memory_order_release);
    }
    void take_back(std::uint64_t count) { value.fetch_sub(count, std::memory_order_release); }
    std::uint64_t read() const { return value.load(std::memory_order_acquire); }
  };
  struct alignas(64) Stage {  // a cache line of its own: workers on different stages do not disturb each other
    Counter in, out, filtered, rejected, abandoned, copied, bytes_in, bytes_out, busy;
    std::string name;
    std::string kind;
    Role role = Role::transform;
    mutable std::mutex mutex;  // guards errors
    ReasonCounts errors;
  };
  void read_stages(LedgerSnapshot& ledger) const;
  bool stages_balance(const LedgerSnapshot& ledger) const;

  std::deque<Stage> stages_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;  // guards the two below
  std::string cause_;
  std::chrono::steady_clock::time_point end_{};
};

}  // namespace sluice::daemon
