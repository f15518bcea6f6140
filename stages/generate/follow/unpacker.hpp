// Reading gzip (RFC 1952) and zstd (RFC 8878) files as streams of their text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/context.hpp"
#include "stages/generate/follow/fingerprint.hpp"

struct z_stream_s;
struct ZSTD_DCtx_s;

namespace sluice::stages::follow {

enum class Packing : std::uint8_t { none, gzip, zstd };

// By the name's end (.gz, .zst, .zstd).
Packing packing_by_name(std::string_view path);
// Whether the open file begins as that packing does, in kMagicBytes at most.
inline constexpr std::uint64_t kMagicBytes = 4;
bool is_packed(int fd, Packing packing);

// Whether the text of a packed file begins as `text` does and reaches its offset with the same bytes before it.
Match unpacks_to(const flow::Context& context, int fd, Packing packing, const Text& text);

// The text of one file, from its beginning on. Files of many members or frames read as one text. Used by one thread.
class Unpacker {
 public:
  enum class Status {
    good,        // there was text, or there may be more
    end,         // the file ends here, after a whole member
    incomplete,  // it ends within a member: more may be written to it
    broken,      // what follows cannot be unpacked
    failed,      // the file cannot be read: errno
  };

  explicit Unpacker(Packing packing);
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  // The next bytes of the text; fewer than asked for only with another status than `good`. After `end` and
  // `incomplete` it may be called again and goes on where more has been written.
  std::size_t read(int fd, std::span<char> to, Status& status);

  // How much of the text has been read.
  std::uint64_t position() const { return position_; }
  // The last bytes of that, at most kTailBytes.
  const std::string& window() const { return window_; }

 private:
  bool fill(int fd, Status& status);
  bool unpack(std::span<char> to, std::size_t& made);
  bool unpack_gzip(std::span<char> to, std::size_t& made);
  bool unpack_zstd(std::span<char> to, std::size_t& made);

  const Packing packing_;
  std::vector<char> input_;
  std::size_t used_ = 0;  // of input_
  std::size_t held_ = 0;  // bytes in input_
  std::uint64_t file_at_ = 0;
  std::uint64_t position_ = 0;
  std::string window_;
  bool within_ = false;  // a member
  bool broken_ = false;
  std::unique_ptr<z_stream_s> gzip_;
  ZSTD_DCtx_s* zstd_ = nullptr;
};

}  // namespace sluice::stages::follow
