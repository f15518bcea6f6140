// Which file it is: a device and an inode, and what is in it. Inodes are used again, files are cut and written anew
// under their inode, and copies have another one; so a file is known again by its first bytes and by those before the
// place where reading stopped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace sluice::stages::follow {

struct Identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct IdentityHash {
  std::size_t operator()(const Identity& identity) const {
    return std::hash<std::uint64_t>()(identity.inode * 0x9e3779b97f4a7c15U + identity.device);
  }
};

inline constexpr std::size_t kHeadBytes = 1024;  // at most so many first bytes are looked at
inline constexpr std::size_t kTailBytes = 256;   // and so many before a position

// The number of some bytes, and their XXH3. Without bytes it matches everything.
struct Fingerprint {
  std::uint32_t length = 0;
  std::uint64_t hash = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

Fingerprint fingerprint(std::string_view bytes);

// Reads at that place of a file until `to` is full or the file ends. Returns how much it read; -1 and errno on an
// error.
long read_at(int fd, std::span<char> to, std::uint64_t offset);

// What is known of a file's text when it has been read up to `offset`.
struct Text {
  Fingerprint head;  // of its first bytes
  Fingerprint tail;  // of the bytes before offset
  std::uint64_t offset = 0;
};

// The fingerprint of the bytes before `offset` (at most kTailBytes of them); without bytes where they cannot be read.
Fingerprint tail_of(int fd, std::uint64_t offset);
Fingerprint head_of(int fd, std::uint64_t size);

// What a comparison of bytes found. `unreadable` says nothing about the bytes, and comes with errno.
enum class Match : std::uint8_t { same, differs, unreadable };

// Whether the open file begins as `text` does, and reaches its offset with the same bytes before it.
Match holds(int fd, const Text& text);

// Whether two open files have the same bytes there: kHeadBytes at most.
Match have_same(int left, int right, std::uint64_t begin, std::size_t size);

}  // namespace sluice::stages::follow
