// One file's turn: opening it, reading some of it, and what to do then.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"
#include "stages/generate/multiline.hpp"

namespace sluice::stages::follow {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kTurnBytes = 1024 * 1024;

}  // namespace

// Whether those that go first have been read. If not, they will call it.
bool Follower::may_be_read(File& file) {
  if (file.saved.gone || file.saved.skipped || !file.bound) return false;
  std::erase_if(file.after, [&](std::uint64_t source) {
    File* const earlier = files_.find(source);
    if (earlier == nullptr || earlier->caught_up) return true;
    if (std::ranges::count(earlier->followers, file.source) == 0) earlier->followers.push_back(file.source);
    return false;
  });
  return file.after.empty();
}

// Opens it, if that is still what its path leads to.
bool Follower::ensure_open(File& file) {
  if (file.fd) {
    files_.used(file);
    return true;
  }
  if (!file.has_path) return false;
  Descriptor fd = open_to_read(file.saved.path);
  if (!fd && errno != ENOENT && errno != ENOTDIR) {
    trouble(file, errno);
    return false;
  }
  const std::optional<Status> status = fd ? status_of(fd) : std::nullopt;
  if (!status || status->identity != file.saved.identity) {
    dirty_.insert(directory_of(file.saved.path));
    return false;
  }
  files_.opened(file, std::move(fd));
  return true;
}

flow::Error Follower::visit(const flow::Context& context, File& file) {
  if (!may_be_read(file) || !ensure_open(file)) return {};
  if (file.fresh && !is_itself(context, file)) return {};
  const bool event_is_over = file.holds_event && file.quiet_since &&
                             SteadyClock::now() - *file.quiet_since >= options_.lines.multiline->timeout;
  Visit visit = event_is_over ? reader_.let_go(context, file) : reader_.read(context, file, kTurnBytes);
  return conclude(context, file, std::move(visit));
}

flow::Error Follower::conclude(const flow::Context& context, File& file, Visit visit) {
  switch (visit.outcome) {
    case Outcome::more:
      enqueue(file);
      return {};
    case Outcome::end:
    case Outcome::waiting:
      file.troubled = false;
      file.retry = {};
      file.unclear_since.reset();
      if (file.saved.packing != Packing::none) files_.set_complete(file, visit.outcome == Outcome::end);
      return at_end(context, file, file.saved.packing != Packing::none && visit.outcome == Outcome::end);
    case Outcome::disturbed:
      enqueue(file);
      return {};
    case Outcome::cut:
      cut(context, file);
      return {};
    case Outcome::failed:
      files_.close(file);
      trouble(file, visit.number);
      return {};
    case Outcome::stopped:
      return context.done() ? flow::Error() : visit.error;
  }
  return {};
}

// Everything that is there has been read, but perhaps for an unfinished line. `complete`: no more can come.
flow::Error Follower::at_end(const flow::Context& context, File& file, bool complete) {
  const auto now = SteadyClock::now();
  const std::uint64_t size = std::max(file.saved.size, file.seen);
  if (!file.quiet_since || file.last_size != size) {
    file.quiet_since = now;
    file.last_size = size;
  }
  if (file.holds_event) set_timer(file, *file.quiet_since + options_.lines.multiline->timeout);
  const bool unfinished = file.seen > file.read;
  if (file.deleted || ((file.replaced || complete) && unfinished)) {
    if (!complete && now - *file.quiet_since < options_.timing.settle) {
      set_timer(file, *file.quiet_since + options_.timing.settle);
    } else {
      if (unfinished) {
        Visit visit = reader_.finish(context, file);
        if (visit.outcome != Outcome::end) return conclude(context, file, std::move(visit));
        if (complete) files_.set_complete(file, true);
      }
      if (file.deleted) {
        finished(file);
        return {};
      }
    }
  }
  if (file.seen == file.read || !file.replaced) caught_up(file);
  return {};
}

// Those that wait for it may go on.
void Follower::caught_up(File& file) {
  file.caught_up = true;
  for (const std::uint64_t source : std::exchange(file.followers, {})) {
    if (File* const follower = files_.find(source)) enqueue(*follower);
  }
}

// Nothing more can come of it.
void Follower::finished(File& file) {
  forget_timer(file);
  reader_.leave();
  caught_up(file);
  files_.set_gone(file);
  for (const std::uint64_t source : std::exchange(held_, {})) {
    if (File* const copy = files_.find(source)) enqueue(*copy);
  }
}

// It cannot be read: said once, tried again less and less often. A damaged packed file is not, before it changes.
void Follower::trouble(File& file, int number) {
  const bool damaged = number == EILSEQ;
  if (!std::exchange(file.troubled, true)) {
    const std::string what = fmt::format("cannot read {}", file.saved.path);
    report_("cannot_read", damaged ? what + ": it is damaged, and cannot be unpacked any further"
                                   : system_error(what, number).message());
  }
  const Timing& timing = options_.timing;
  // What nobody has looked at yet may be a copy, which others must not be read beyond.
  const auto now = SteadyClock::now();
  if (!file.unclear_since) file.unclear_since = now;
  if (damaged || !file.fresh || now - *file.unclear_since >= timing.patience) caught_up(file);
  if (damaged) return;
  file.retry = std::clamp(2 * file.retry, timing.first_retry, timing.last_retry);
  set_timer(file, now + file.retry);
}

}  // namespace sluice::stages::follow
