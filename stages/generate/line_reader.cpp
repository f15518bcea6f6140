#include "stages/generate/line_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace sluice::stages {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr auto kEarlyInterval = std::chrono::milliseconds(1);
constexpr std::size_t kLineEnd = 2;  // "\r\n"

LineOptions bounded(LineOptions options) {
  options.batch_bytes = std::max<std::size_t>(options.batch_bytes, 2);
  // A record knows its line's length in 32 bits.
  constexpr std::size_t kLongest = std::numeric_limits<std::uint32_t>::max() - 64;
  options.max_line = std::clamp<std::size_t>(options.max_line, 1, kLongest);
  return options;
}

std::string_view text(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

std::size_t mark_size(std::string_view stream) {
  return stream.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
}

// The first bytes of a line, not cut inside a UTF-8 sequence: half a character would turn all of it into base64.
std::string_view raw_prefix(std::string_view line) {
  if (line.size() <= LineReader::kRawPrefix) return line;
  std::size_t size = LineReader::kRawPrefix;
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80; };
  for (int back = 0; back < 3 && continues(size); ++back) --size;
  return line.substr(0, size);
}

}  // namespace

LineReader::LineReader(const LineOptions& options, Emitter& emitter)
    : options_(bounded(options)),
      least_room_(std::clamp<std::size_t>(options_.batch_bytes / 16, 1, 4096)),
      emitter_(emitter) {
  if (options_.multiline) grouping_.emplace(*options_.multiline);
}

bool LineReader::pending() const {
  return batch_ && (!batch_->empty() || tally_.filtered != 0 || !tally_.rejections.empty());
}

void LineReader::note_pending(TimePoint now) {
  if (!first_at_ && pending()) first_at_ = now;
}

std::span<char> LineReader::room() {
  record::Buffer& slab = batch_->slab();
  return {slab.data() + slab.size(), limit_ - slab.size()};
}

flow::Error LineReader::make_room(const flow::Context& context) {
  if (batch_) {
    const std::size_t used = batch_->slab().size();
    const std::size_t left = used < limit_ ? limit_ - used : 0;
    if (left >= least_room_ || (left > 0 && !pending())) return {};
    if (pending()) {
      if (flow::Error error = flush(context)) return error;
    } else {
      // One unfinished line or event fills the slab. The slab is given back before a larger one is asked for, so that a
      // pipeline whose memory is all under way cannot wait for itself.
      cut_rest(unfinished());
      batch_.reset();
    }
  }
  const std::size_t longest = options_.max_line + kLineEnd + kByteOrderMark.size() + least_room_;
  std::size_t slab_bytes = options_.batch_bytes;
  if (carry_.size() + least_room_ >= slab_bytes) {
    slab_bytes = std::max(std::min(2 * carry_.size(), longest), carry_.size() + least_room_) + 1;
  }
  record::Batch batch;
  const bool ordinary = slab_bytes == options_.batch_bytes;
  if (flow::Error error = emitter_.acquire(context, batch, ordinary ? 0 : slab_bytes)) return error;
  record::Buffer& slab = batch.slab();
  slab.reserve(slab_bytes);
  slab.clear();
  slab.append(carry_.view());
  carry_.clear();
  batch_ = std::move(batch);
  limit_ = slab_bytes - 1;
  return {};
}

// Takes what no record has yet, from `at` on, out of the slab into carry_, which the next slab begins with.
void LineReader::cut_rest(std::size_t at) {
  record::Buffer& slab = batch_->slab();
  carry_.clear();
  carry_.append(slab.view().substr(at));
  slab.resize(at);
  start_ -= at;
  event_.begin = 0;
}

void LineReader::commit(std::size_t count, TimePoint now) {
  record::Buffer& slab = batch_->slab();
  const char* from = slab.data() + slab.size();  // everything before is known to hold no line end
  const char* line = slab.data() + start_;
  slab.resize(slab.size() + count);
  const char* const end = slab.data() + slab.size();
  while (const void* found = std::memchr(from, '\n', static_cast<std::size_t>(end - from))) {
    const char* const newline = static_cast<const char*>(found);
    if (long_line_) [[unlikely]] {
      skip_long_line(text(from, newline));
      end_long_line(1);
    } else if (grouping_) [[unlikely]] {
      group_line(text(line, newline + 1));
    } else {
      bytes_in_ += static_cast<std::size_t>(newline - line) + 1;
      const char* const begin = line + (stream_begins_ ? mark_size(text(line, newline)) : 0);
      take_line(begin, newline > begin && newline[-1] == '\r' ? newline - 1 : newline);
    }
    stream_begins_ = false;
    line = from = newline + 1;
  }
  start_ = static_cast<std::size_t>(line - slab.data());
  if (long_line_) {
    skip_long_line(text(from, end));
  } else {
    const std::size_t mark_bytes = stream_begins_ ? mark_size(text(line, end)) : 0;
    const std::string_view so_far = text(line + mark_bytes, end);
    // One byte more than max_line may still be the '\r' of its end.
    if (event_.bytes - event_.skipped + so_far.size() > options_.max_line + 1) end_event();
    if (so_far.size() > options_.max_line + 1) begin_long_line(so_far, mark_bytes);
  }
  if (long_line_) slab.resize(start_);
  event_.last = now;
  event_.overdue = false;
  note_pending(now);
}

// There is no line end in it but those of an event that could still grow, which was let go of.
void LineReader::begin_with(std::string_view rest) {
  carry_.append(rest);
  stream_begins_ = stream_begins_ && rest.empty();
}

void LineReader::begin_stream(std::uint64_t source, std::uint64_t offset) {
  leave_stream();
  source_ = source;
  marked_ = offset;
  base_ = offset - bytes_in_;
  stream_begins_ = offset == 0;
}

std::uint64_t LineReader::leave_stream() {
  const std::uint64_t offset = taken();
  mark_source();
  source_.reset();
  long_line_.reset();
  carry_.clear();
  if (batch_) batch_->slab().resize(unfinished());
  start_ = batch_ ? batch_->slab().size() : 0;
  event_ = {};
  if (grouping_) grouping_->reset();
  stream_begins_ = true;
  return offset;
}

// Notes how far the stream's source has come in this batch.
void LineReader::mark_source() {
  if (!source_ || taken() == marked_) return;
  marked_ = taken();
  marks_.push_back({*source_, marked_});
}

// Of each source the last mark: one that was visited twice has come further since.
std::span<const Mark> LineReader::marks_to_emit() {
  mark_source();
  if (marks_.size() > 1) {
    std::ranges::stable_sort(marks_, {}, &Mark::source);
    const auto first = std::unique(marks_.rbegin(), marks_.rend(), [](const Mark& a, const Mark& b) {
                         return a.source == b.source;
                       }).base();
    marks_.erase(marks_.begin(), first);
  }
  return marks_;
}

void LineReader::end_of_stream(TimePoint now) {
  if (batch_ && long_line_) {
    end_long_line(0);
  } else if (batch_ && start_ < batch_->slab().size()) {
    record::Buffer& slab = batch_->slab();
    const std::string_view rest = slab.view().substr(start_);
    const std::string_view line = rest.substr(stream_begins_ ? mark_size(rest) : 0);
    if (grouping_ && !line.empty()) {
      group_line(rest);
    } else {
      bytes_in_ += rest.size();
      if (!line.empty()) take_line(line.data(), line.data() + line.size());
    }
    // The next stream's bytes must not complete a UTF-8 sequence that this one left unfinished (Batch::is_utf8).
    slab.push_back('\n');
    start_ = slab.size();
  }
  end_event();
  leave_stream();
  note_pending(now);
}

inline void LineReader::take_line(const char* begin, const char* end) {
  const std::string_view line = text(begin, end);
  if (line.size() > options_.max_line) [[unlikely]] {
    reject_long_line(line, line.size());
  } else if ((line.empty() || line.front() <= ' ') && !options_.keep_blank && is_blank_line(line)) {
    ++tally_.filtered;
  } else {
    batch_->records().emplace_back(line);
  }
}

// A complete line, `whole` with its line end. What ends before this line becomes a record.
void LineReader::group_line(std::string_view whole) {
  const std::size_t mark_bytes = stream_begins_ ? mark_size(whole) : 0;
  std::string_view line = whole.substr(mark_bytes);
  if (line.ends_with('\n')) line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
  if (event_.bytes - event_.skipped + line.size() > options_.max_line) end_event();
  if (line.size() > options_.max_line) {
    grouping_->reset();
    bytes_in_ += whole.size();
    return reject_long_line(line, line.size());
  }
  const LineGrouping::Step step = grouping_->step(line);
  if (!step.continues) end_event();
  add_to_event(whole, mark_bytes, line);
  if (!step.open || event_.lines >= options_.multiline->max_lines) end_event();
}

void LineReader::add_to_event(std::string_view whole, std::size_t mark_bytes, std::string_view line) {
  const bool blank = !options_.keep_blank && is_blank_line(line);
  if (event_.lines == 0) {
    if (blank) {
      bytes_in_ += whole.size();
      ++tally_.filtered;
      return;
    }
    event_.begin = static_cast<std::size_t>(whole.data() - batch_->slab().data());
    event_.skipped = mark_bytes;
  }
  event_.bytes += whole.size();
  ++event_.lines;
  if (blank) {
    ++event_.blanks;
  } else {
    event_.blanks = 0;
    event_.end = static_cast<std::size_t>(line.data() + line.size() - batch_->slab().data()) - event_.begin;
  }
}

void LineReader::end_event() {
  if (event_.lines == 0) return;
  const std::string_view bytes = batch_->slab().view().substr(event_.begin, event_.end);
  batch_->records().emplace_back(bytes.substr(event_.skipped));
  bytes_in_ += event_.bytes;
  tally_.filtered += event_.blanks;
  event_ = {};
}

flow::Error LineReader::let_go(const flow::Context& context) {
  if (!holds_event()) return {};
  if (!batch_) {
    if (flow::Error error = make_room(context)) return error;
  }
  const TimePoint last = event_.last;
  end_event();
  grouping_->reset();
  note_pending(last);
  return {};
}

void LineReader::begin_long_line(std::string_view so_far, std::size_t mark_bytes) {
  if (grouping_) grouping_->reset();
  long_line_.emplace();
  long_line_->mark_bytes = mark_bytes;
  skip_long_line(so_far);
}

// Forgets the bytes but for the first ones, the last one and their number.
void LineReader::skip_long_line(std::string_view more) {
  if (more.empty()) return;
  constexpr std::size_t kKept = kRawPrefix + 1;  // 1: to see whether a character is cut there
  if (long_line_->beginning.size() < kKept) {
    long_line_->beginning += more.substr(0, kKept - long_line_->beginning.size());
  }
  long_line_->bytes += more.size();
  long_line_->last = more.back();
}

// `line_end_bytes` is 1 for a line that ends in '\n', 0 at the end of the stream.
void LineReader::end_long_line(std::size_t line_end_bytes) {
  const std::size_t carriage_return = line_end_bytes > 0 && long_line_->last == '\r' ? 1 : 0;
  bytes_in_ += long_line_->mark_bytes + long_line_->bytes + line_end_bytes;
  reject_long_line(long_line_->beginning, long_line_->bytes - carriage_return);
  long_line_.reset();
}

void LineReader::reject_long_line(std::string_view beginning, std::size_t bytes) {
  const std::string_view raw = raw_prefix(beginning.substr(0, bytes));
  std::string detail = fmt::format("the line has {} bytes, max_line allows {}", bytes, options_.max_line);
  if (raw.size() < bytes) detail += fmt::format("; raw is its first {} bytes", raw.size());
  tally_.rejections.push_back({"line_too_long", std::move(detail), std::string(raw)});
}

bool LineReader::due(TimePoint now) {
  if (holds_event() && now - event_.last >= options_.multiline->timeout) event_.overdue = true;
  if (event_.overdue) return true;
  if (!pending()) return false;
  if (now - *first_at_ >= options_.linger) return true;
  return now - last_flush_ >= kEarlyInterval && emitter_.idle();
}

std::optional<LineReader::TimePoint> LineReader::wake_time(TimePoint now) const {
  std::optional<TimePoint> wake;
  if (holds_event()) wake = event_.last + options_.multiline->timeout;
  if (!pending()) return wake;
  // Nobody tells when the pipeline becomes idle, so that is looked at once a millisecond as long as lines wait.
  const TimePoint first = std::min(*first_at_ + options_.linger, std::max(now, last_flush_) + kEarlyInterval);
  return wake ? std::min(*wake, first) : first;
}

flow::Error LineReader::flush(const flow::Context& context) {
  if (event_.overdue) {
    if (flow::Error error = let_go(context)) return error;
  }
  if (!pending()) return {};
  cut_rest(unfinished());
  record::Batch batch = std::move(*batch_);
  batch_.reset();
  const std::span<const Mark> marks = marks_to_emit();
  base_ += bytes_in_;
  batch.bytes_in = std::exchange(bytes_in_, 0);
  first_at_.reset();
  last_flush_ = std::chrono::steady_clock::now();
  flow::Error error = emitter_.emit(context, std::move(batch), tally_, marks);
  tally_.clear();
  marks_.clear();
  return error;
}

}  // namespace sluice::stages
