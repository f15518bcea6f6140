// Cuts a stream of bytes into lines and lines into batches: what all generators of lines share.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "record/batch.hpp"
#include "record/buffer.hpp"
#include "stages/generate/multiline.hpp"
#include "stages/stage.hpp"
#include "stages/tally.hpp"

namespace sluice::stages {

struct LineOptions {
  std::size_t batch_bytes = 256 * 1024;
  std::chrono::nanoseconds linger = std::chrono::milliseconds(50);  // 0: complete lines leave after every read
  std::size_t max_line = 1024 * 1024;                               // bytes without the line end; at least 1
  bool keep_blank = false;
  std::shared_ptr<const Multiline> multiline{};  // null: every line is a record
};

// A line beyond max_line, of which only the beginning is kept.
struct LongLine {
  std::string beginning;
  std::size_t bytes = 0;       // seen so far, without a byte order mark
  std::size_t mark_bytes = 0;  // of the byte order mark before it
  char last = 0;
};

// Complete lines at the end of what has been read that the next line may belong to as well.
struct OpenEvent {
  std::size_t begin = 0;    // in the slab, a byte order mark included
  std::size_t skipped = 0;  // the byte order mark
  std::size_t bytes = 0;    // all of it, line ends included
  std::size_t end = 0;      // of its last line that is not blank, without the line end, from `begin` on
  std::size_t blanks = 0;   // blank lines behind that
  std::size_t lines = 0;    // 0: there is no event
  std::chrono::steady_clock::time_point last;  // when bytes came last
  bool overdue = false;                        // its timeout has passed
};

// Bytes are read straight into the slab of the batch under way, and its records point at them. The generator asks for
// room, reads into it and says how much there is:
//
//     error = lines.make_room(context);  n = read(fd, lines.room());  lines.commit(n, now);
//     if (lines.due(now)) error = lines.flush(context);   // ... lines.end_of_stream(now) at the end, then flush()
//
// What a line is:
// - It ends at '\n'; one '\r' before that belongs to the line end. What is left at end_of_stream() is a line too, its
//   '\r' kept. NUL bytes and broken UTF-8 are kept as they are. A UTF-8 byte order mark at the start of a stream is
//   skipped.
// - A line of white space only (" \t\v\f\r") is counted as filtered, unless `keep_blank`.
// - A line longer than `max_line` is rejected (line_too_long) without being kept in memory: the rejection's `raw` is
// the
//   first 4 KiB of it, its `detail` the whole length.
// The result does not depend on how the bytes were cut into reads (but for the timeout of events).
//
// When a batch leaves: when its slab is full, when `linger` has passed since its first record, or as soon as the
// pipeline behind is idle, then at most once a millisecond, so that a trickle does not become a batch for each line.
// Bytes of an unfinished line are not in any record and not counted; flush() carries them over to the next slab.
//
// With `multiline` a record is an event: lines that belong together, their inner line ends as they are. Lines of white
// space at its end are not part of it, unless `keep_blank`. An event ends before a line that would make it longer than
// max_line, and at max_lines; a line that is too long by itself is rejected and ends it. What could still grow counts
// as unfinished, like the beginning of a line: it is let go of when nothing more came for `timeout`.
//
// Positions, for generators that keep them: begin_stream() says which bytes follow, and each batch then leaves with a
// mark for each source that it has bytes of. Several streams may share a batch:
//
//     lines.begin_stream(source, offset);  ... make_room(), commit() ...;  offset = lines.leave_stream();
//
// Belongs to one generator's thread.
class LineReader {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kRawPrefix = 4096;

  // `emitter` must outlive it.
  LineReader(const LineOptions& options, Emitter& emitter);

  // Makes sure that room() is not empty: takes a batch, sends off a full one, or moves a long unfinished line to a
  // larger slab. Blocks while the pipeline is full.
  flow::Error make_room(const flow::Context& context);
  std::span<char> room();

  // Takes over the first `count` bytes of room() and cuts them into lines.
  void commit(std::size_t count, TimePoint now);

  // What is committed next are the bytes of `source` from `offset` on, the start of a line. Leaves the stream before. A
  // byte order mark is skipped at offset 0 only. Without this call streams have no marks.
  void begin_stream(std::uint64_t source, std::uint64_t offset);

  // After make_room(): what is left is the last line; the next commit() starts a new stream, without marks unless
  // begin_stream() is called.
  void end_of_stream(TimePoint now);

  // Forgets what is not in a record yet, and the stream. Returns the offset of the first byte that was forgotten, where
  // the stream is to begin when it is read again. Sends nothing.
  std::uint64_t leave_stream();

  // The bytes that are not in a record yet, for another reader to begin with. Of a line beyond max_line it has nothing.
  std::string_view rest() { return batch_ ? batch_->slab().view().substr(unfinished()) : carry_.view(); }
  // Begins with what another reader had left. Before the first make_room().
  void begin_with(std::string_view rest);

  // The offset in the stream up to which bytes are in records, or were counted; they need not have been sent off yet.
  std::uint64_t taken() const { return base_ + bytes_in_; }

  // Whether complete lines wait for more of their event. let_go() takes them for all of it: a record, not sent off yet.
  // Takes a batch, as make_room() does, when there is none.
  bool holds_event() const { return event_.lines > 0; }
  flow::Error let_go(const flow::Context& context);

  // Whether flush() should be called now, and if not, when to ask again (never, if nothing waits).
  bool due(TimePoint now);
  std::optional<TimePoint> wake_time(TimePoint now) const;

  // Sends off all complete lines, if there are any; of an event that may still grow only if due() found it overdue.
  flow::Error flush(const flow::Context& context);

 private:
  bool pending() const;
  void note_pending(TimePoint now);
  std::size_t unfinished() const { return event_.lines > 0 ? event_.begin : start_; }
  void cut_rest(std::size_t at);
  void take_line(const char* begin, const char* end);
  void group_line(std::string_view whole);
  void add_to_event(std::string_view whole, std::size_t mark_bytes, std::string_view line);
  void end_event();
  void begin_long_line(std::string_view so_far, std::size_t mark_bytes);
  void skip_long_line(std::string_view more);
  void end_long_line(std::size_t line_end_bytes);
  void reject_long_line(std::string_view beginning, std::size_t bytes);
  void mark_source();
  std::span<const Mark> marks_to_emit();

  const LineOptions options_;
  const std::size_t least_room_;  // a slab with less room left is full
  Emitter& emitter_;

  std::optional<record::Batch> batch_;
  std::size_t limit_ = 0;     // this many bytes of the slab are used; one more is kept for a missing line end
  std::size_t start_ = 0;     // of the unfinished line in the slab
  std::size_t bytes_in_ = 0;  // of complete lines in this batch, line ends included
  std::uint64_t base_ = 0;    // where in the stream bytes_in_ begins, modulo 2^64
  std::optional<std::uint64_t> source_;
  std::uint64_t marked_ = 0;  // the offset of source_ that marks_ or an earlier batch has
  std::vector<Mark> marks_;   // for this batch
  record::Buffer carry_;      // the unfinished line, while there is no batch
  std::optional<LongLine> long_line_;
  std::optional<LineGrouping> grouping_;  // with multiline
  OpenEvent event_;
  bool stream_begins_ = true;
  Tally tally_;
  std::optional<TimePoint> first_at_;  // when the batch's first line was complete
  TimePoint last_flush_{};
};

}  // namespace sluice::stages
