// Makes checkpoints: moments at which everything that was read has reached its end, written down so that the next run
// can go on there, whatever happens after it (docs/decisions/checkpoints.md).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/barrier.hpp"
#include "daemon/gate.hpp"
#include "daemon/ledger.hpp"
#include "daemon/state_file.hpp"
#include "daemon/undo_journal.hpp"
#include "flow/context.hpp"
#include "flow/error.hpp"
#include "spdlog/spdlog.h"
#include "stages/descriptor.hpp"
#include "stages/stage.hpp"

namespace sluice::daemon {

// What takes part. Added before open(), from one thread; must outlive the checkpoints.
struct Participants {
  struct Reading {
    std::string name;
    stages::Generator* generator = nullptr;
  };
  // A stage that may hold records back. `save` may be called while it works.
  struct Holding {
    std::string name;
    std::function<std::string()> save;
    std::function<flow::Error(std::string_view saved)> restore;
  };
  // `mutex` is held by whoever calls the writer.
  struct Writing {
    std::string name;
    stages::Writer* writer = nullptr;
    std::mutex* mutex = nullptr;
  };
  std::vector<Reading> readers;
  std::vector<Holding> holders;
  std::vector<Writing> writers;
};

class Checkpoints {
 public:
  struct Options {
    std::string directory;
    std::chrono::nanoseconds interval = std::chrono::seconds(1);
  };
  Checkpoints(Options options, const Ledger& ledger, spdlog::logger& log);
  ~Checkpoints();
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  // Before the run. Takes the directory for this process alone, undoes what was done after the last checkpoint, and
  // gives everybody what they saved. Fails, saying what to do, when the state is broken or somebody else's.
  flow::Error open(const flow::Context& context, Participants participants);

  // The same in place of another one, whose pipeline has ended, with finish() called: the directory stays locked, notes
  // go to the same journal, and nobody is given anything. The other must not be used any more.
  void go_on(Checkpoints&& before, Participants participants);

  // Makes checkpoints until the context is done. `fail` is told when one cannot be made and the pipeline must stop,
  // because what was written may be lost.
  void run(const flow::Context& context, const std::function<void(const flow::Error& error)>& fail);

  // The last one, when all threads of the pipeline have ended and everything has reached its end.
  flow::Error finish(const flow::Context& context);

  // For emitters.
  Barrier& barrier() { return barrier_; }
  // To be called when anything has reached its end, or is up.
  void notify() { progress_.notify(); }
  // A writer can be asked to take part from now on.
  void writer_is_up() {
    ++writers_up_;
    notify();
  }
  // A stage is about to let go what it held back.
  void stage_finishes() { ++finishes_; }

 private:
  enum class Made { yes, not_now };
  flow::Error lock_directory();
  flow::Error restore(const Checkpoint& last);
  flow::Error make(const flow::Context& context, Made& made);
  flow::Error wait_until_settled(const flow::Context& context);
  bool is_settled() const;
  // `ready`: whether every generator knows where it is.
  flow::Error capture(const flow::Context& context, Checkpoint& checkpoint, bool& ready);
  flow::Error save(const flow::Context& context, Checkpoint& checkpoint);

  const Options options_;
  const Ledger& ledger_;
  spdlog::logger& log_;
  Participants participants_;
  stages::Descriptor lock_;
  std::unique_ptr<UndoJournal> journal_;
  Barrier barrier_;
  Gate progress_;
  std::atomic<std::size_t> writers_up_{0};
  std::atomic<std::uint64_t> finishes_{0};
  std::uint64_t epoch_ = 0;
  bool failed_ = false;  // a writer could not make sure of what it wrote: no checkpoint may be made any more
  bool complained_ = false;
};

// The directory that the generators, which keep positions, name, or else `fallback`; empty if there are none. An error
// if they name different ones.
flow::Error find_state_directory(const std::vector<Participants::Reading>& readers, const std::string& fallback,
                                 std::string& directory);

}  // namespace sluice::daemon
