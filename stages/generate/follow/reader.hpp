// Reading files into a LineReader, in turns, and making sure that it is still the same text that is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flow/context.hpp"
#include "flow/error.hpp"
#include "stages/generate/follow/file_table.hpp"
#include "stages/generate/line_reader.hpp"

namespace sluice::stages::follow {

enum class Outcome {
  end,        // all that is there has been read; an unfinished line is left in the file
  more,       // there is more than the turn allowed
  disturbed,  // others may have to be read before it
  cut,        // the file no longer holds what was read of it: it was cut, and perhaps written anew
  waiting,    // a packed file ends in the midst of its stream
  failed,     // it cannot be read: `number`
  stopped,    // the context is done, or the pipeline does not take more: `error`
};

struct Visit {
  Outcome outcome = Outcome::end;
  int number = 0;
  flow::Error error;
};

// Belongs to the generator's thread. Files must be open, and must not be erased while their stream is: see leave().
class FileReader {
 public:
  // Without `verify`, files are taken to be what they were; that saves some system calls for each read. `is_disturbed`
  // is asked after bytes were read and before they are taken over: whether something has happened to the file's name or
  // to its neighbours, so that others may come first. Its turn is over then.
  FileReader(LineReader& lines, FileTable& files, bool verify, std::function<bool(const File&)> is_disturbed)
      : lines_(lines), files_(files), verify_(verify), is_disturbed_(std::move(is_disturbed)) {}

  // Reads on where it stopped, about `turn` bytes at most. After `more` the stream stays open, so that going on with
  // the same file costs nothing.
  Visit read(const flow::Context& context, File& file, std::size_t turn);

  // Reads to the end without limit, and takes what is left there as the last line.
  Visit finish(const flow::Context& context, File& file);

  // Reads to the end, and lets go of the event there although more lines might belong to it.
  Visit let_go(const flow::Context& context, File& file);

  // Ends the stream that is open, if there is one: what is not in a record stays in its file.
  void leave();

 private:
  Visit begin(const flow::Context& context, File& file);
  Visit pump(const flow::Context& context, File& file, std::size_t turn);
  long read_some(File& file, std::span<char> room, Visit& visit);
  Match is_same(const File& file) const;
  Match load_window(File& file);
  Match load_head(File& file);
  bool has_line_end(const flow::Context& context, File& file, std::uint64_t size);
  void note(File& file, std::string_view bytes);
  void note_head(File& file);
  void note_tail(File& file);
  void trim_window();
  Visit begin_plain(const flow::Context& context, File& file);
  Visit begin_packed(const flow::Context& context, File& file);

  LineReader& lines_;
  FileTable& files_;
  const bool verify_;
  const std::function<bool(const File&)> is_disturbed_;
  std::uint64_t current_ = 0;  // the source whose stream is open
  std::uint64_t at_ = 0;       // where it goes on
  std::string window_;         // the last bytes before at_, at most kTailBytes
  std::string head_;           // the first bytes, if more of them are to be known: up to at_, at most kHeadBytes
  bool grows_head_ = false;
};

}  // namespace sluice::stages::follow
