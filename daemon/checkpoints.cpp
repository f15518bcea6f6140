#include "daemon/checkpoints.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "daemon/stage_set.hpp"
#include "record/json_writer.hpp"
#include "stages/write/rejects.hpp"

namespace sluice::daemon {
namespace {

namespace fs = std::filesystem;

// The first one comes soon, so that where a new file's end was is known even if the process is killed at once.
constexpr std::chrono::milliseconds kFirst{100};

}  // namespace

Checkpoints::Checkpoints(Options options, const Ledger& ledger, spdlog::logger& log)
    : options_(std::move(options)), ledger_(ledger), log_(log) {}

Checkpoints::~Checkpoints() = default;

flow::Error Checkpoints::lock_directory() {
  std::error_code error;
  fs::create_directories(options_.directory, error);
  if (error) {
    return stages::system_error(fmt::format("cannot create the state directory {}", options_.directory), error.value());
  }
  const std::string path = options_.directory + "/lock";
  lock_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock_) return stages::system_error(fmt::format("cannot use the state directory: {}", path), errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return stages::system_error(fmt::format("cannot lock {}", path), errno);
  return {std::make_error_code(std::errc::device_or_resource_busy),
          fmt::format("the state directory {} is in use by another sluice; give each pipeline its own `state`",
                      options_.directory)};
}

flow::Error Checkpoints::restore(const Checkpoint& last) {
  for (const auto& [name, state] : last.generators) {
    const auto reader = std::ranges::find(participants_.readers, name, &Participants::Reading::name);
    if (reader == participants_.readers.end()) {
      return {
          std::make_error_code(std::errc::invalid_argument),
          fmt::format("{} has positions for a generator `{}`, which this configuration does not have; name it so, or "
                      "give this pipeline another `state` directory",
                      state_path(options_.directory), name)};
    }
    if (flow::Error error = reader->generator->restore(state)) {
      return {error.code(), fmt::format("{}: `{}`: {}", state_path(options_.directory), name, error.message())};
    }
  }
  for (const Participants::Reading& each : participants_.readers) {
    if (last.generators.contains(each.name)) continue;
    if (flow::Error error = each.generator->restore("{}")) return located(error, each.name);
  }
  for (const auto& [name, state] : last.stages) {
    const auto holder = std::ranges::find(participants_.holders, name, &Participants::Holding::name);
    flow::Error error{std::errc::invalid_argument, "this configuration has no such stage that holds records back"};
    if (holder != participants_.holders.end()) error = holder->restore(state);
    if (error) {
      return {error.code(), fmt::format("{}: `{}`: {}", state_path(options_.directory), name, error.message())};
    }
  }
  return {};
}

flow::Error Checkpoints::open(const flow::Context& context, Participants participants) {
  participants_ = std::move(participants);
  if (flow::Error error = lock_directory()) return error;
  Checkpoint last;
  if (flow::Error error = read_checkpoint(context, options_.directory, last)) return error;
  const auto report = [this](const std::string& sentence) { log_.warn("{}", sentence); };
  if (flow::Error error = undo_to_checkpoint(context, options_.directory, last.epoch, report)) return error;
  if (flow::Error error = restore(last)) return error;
  epoch_ = last.epoch;
  journal_ = std::make_unique<UndoJournal>(options_.directory, last.epoch != 0);
  for (const Participants::Writing& each : participants_.writers) each.writer->journal_to(journal_.get());
  if (last.epoch != 0) log_.info("going on from the checkpoint of {} in {}", last.saved, options_.directory);
  return journal_->begin(epoch_);
}

void Checkpoints::go_on(Checkpoints&& before, Participants participants) {
  participants_ = std::move(participants);
  lock_ = std::move(before.lock_);
  journal_ = std::move(before.journal_);
  epoch_ = before.epoch_;
  failed_ = before.failed_;
  complained_ = before.complained_;
  for (const Participants::Writing& each : participants_.writers) each.writer->journal_to(journal_.get());
}

bool Checkpoints::is_settled() const { return writers_up_ == participants_.writers.size() && ledger_.in_flight() == 0; }

flow::Error Checkpoints::wait_until_settled(const flow::Context& context) {
  for (;;) {
    const std::uint64_t ticket = progress_.ticket();
    if (is_settled()) return {};
    if (context.done()) return context.cause();
    progress_.wait(context, ticket);
  }
}

// Writers first: what they tell the journal is what a restart cuts back to.
flow::Error Checkpoints::capture(const flow::Context& context, Checkpoint& checkpoint, bool& ready) {
  ready = true;
  for (const Participants::Writing& each : participants_.writers) {
    const std::lock_guard lock(*each.mutex);
    if (flow::Error error = each.writer->checkpoint(context)) {
      failed_ = !journal_->has_failed();  // without the journal the checkpoint before stays
      return {error.code(), fmt::format("{}: {}", each.name, error.message())};
    }
  }
  for (const Participants::Holding& each : participants_.holders) {
    if (std::string state = each.save(); !state.empty()) checkpoint.stages[each.name] = std::move(state);
  }
  for (const Participants::Reading& each : participants_.readers) {
    std::string state = each.generator->save();
    if (state.empty()) ready = false;
    checkpoint.generators[each.name] = std::move(state);
  }
  return {};
}

flow::Error Checkpoints::save(const flow::Context& context, Checkpoint& checkpoint) {
  checkpoint.epoch = epoch_ + 1;
  checkpoint.saved = record::timestamp_text(stages::current_time());
  flow::Error error = write_checkpoint(context, options_.directory, checkpoint);
  Checkpoint there;
  const bool replaced = !error || read_checkpoint(context, options_.directory, there) || there.epoch != epoch_;
  if (!replaced) return error;
  epoch_ = checkpoint.epoch;
  if (error) {
    journal_->doubt();  // it is there, but may be gone after a power failure
  } else {
    journal_->commit();
  }
  return error;
}

// With the door closed and everything settled. A stage that lets go what it held back meanwhile spoils it; then it is
// begun anew.
flow::Error Checkpoints::make(const flow::Context& context, Made& made) {
  for (;;) {
    if (flow::Error error = wait_until_settled(context)) return error;
    if (ledger_.has_abandoned()) return {};  // what was read is not what was written: the last checkpoint stays
    const std::uint64_t finishes = finishes_;
    Checkpoint checkpoint;
    bool ready = false;
    flow::Error error = journal_->begin(epoch_ + 1);
    if (!error) error = capture(context, checkpoint, ready);
    if (!error && (finishes_ != finishes || !is_settled())) continue;
    if (!error && ready) error = save(context, checkpoint);
    if (error || !ready) journal_->abort();
    if (!error && ready) made = Made::yes;
    return error;
  }
}

void Checkpoints::run(const flow::Context& context, const std::function<void(const flow::Error& error)>& fail) {
  std::uint64_t covered = 0;
  std::chrono::nanoseconds pause = std::min<std::chrono::nanoseconds>(kFirst, options_.interval);
  bool first = true;
  while (!context.wait_for(std::exchange(pause, options_.interval))) {
    const std::uint64_t passages = barrier_.passages() + finishes_;
    if (!first && passages == covered) continue;
    Made made = Made::not_now;
    flow::Error error = barrier_.close(context);
    const std::uint64_t included = barrier_.passages() + finishes_;
    if (!error) error = make(context, made);
    barrier_.open();
    if (error && context.done()) return;
    if (failed_) return fail(error);
    if (error && !std::exchange(complained_, true)) {
      log_.error("no checkpoint can be made, and a restart would go back to the last one: {}; trying again",
                 error.message());
    }
    if (made == Made::not_now) {
      if (first) pause = std::min<std::chrono::nanoseconds>(kFirst, options_.interval);
      continue;
    }
    if (std::exchange(complained_, false)) log_.info("checkpoints are made again");
    covered = included;
    first = false;
  }
}

flow::Error Checkpoints::finish(const flow::Context& context) {
  if (failed_ || ledger_.has_abandoned() || ledger_.in_flight() != 0) return {};
  Made made = Made::not_now;
  flow::Error error = make(context, made);
  if (!error) return {};
  return {error.code(), fmt::format("the last checkpoint could not be made, so the next start goes back to the one "
                                    "before: {}",
                                    error.message())};
}

flow::Error find_state_directory(const std::vector<Participants::Reading>& readers, const std::string& fallback,
                                 std::string& directory) {
  std::string first;
  for (const Participants::Reading& each : readers) {
    const std::string wanted = each.generator->state_directory();
    if (wanted.empty()) continue;
    if (!directory.empty() && directory != wanted) {
      return {std::make_error_code(std::errc::invalid_argument),
              fmt::format("`{}` keeps its state in {} and `{}` in {}; a pipeline has one state directory, since its "
                          "positions are saved together: name the same one",
                          first, directory, each.name, wanted)};
    }
    directory = wanted;
    first = each.name;
  }
  if (directory.empty() && !readers.empty()) directory = fallback;
  return {};
}

}  // namespace sluice::daemon
