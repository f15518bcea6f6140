#include "stages/generate/follow/fingerprint.hpp"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sluice::stages::follow {
namespace {

Match said(bool same) { return same ? Match::same : Match::differs; }

Match matches(int fd, const Fingerprint& expected, std::uint64_t offset) {
  std::array<char, kHeadBytes> bytes;
  if (expected.length > bytes.size()) return Match::differs;
  const long count = read_at(fd, std::span(bytes).first(expected.length), offset);
  if (count < 0) return Match::unreadable;
  return said(count == static_cast<long>(expected.length) && fingerprint({bytes.data(), expected.length}) == expected);
}

}  // namespace

Fingerprint fingerprint(std::string_view bytes) {
  if (bytes.empty()) return {};
  return {static_cast<std::uint32_t>(bytes.size()), XXH3_64bits(bytes.data(), bytes.size())};
}

long read_at(int fd, std::span<char> to, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t count = ::pread(fd, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<long>(done);
}

Fingerprint tail_of(int fd, std::uint64_t offset) {
  std::array<char, kTailBytes> bytes;
  const std::size_t length = std::min<std::uint64_t>(bytes.size(), offset);
  const long count = read_at(fd, std::span(bytes).first(length), offset - length);
  return count == static_cast<long>(length) ? fingerprint({bytes.data(), length}) : Fingerprint();
}

Fingerprint head_of(int fd, std::uint64_t size) {
  std::array<char, kHeadBytes> bytes;
  const std::size_t length = std::min<std::uint64_t>(bytes.size(), size);
  const long count = read_at(fd, std::span(bytes).first(length), 0);
  return count == static_cast<long>(length) ? fingerprint({bytes.data(), length}) : Fingerprint();
}

Match holds(int fd, const Text& text) {
  if (const Match head = matches(fd, text.head, 0); head != Match::same || text.offset == 0) return head;
  char byte = 0;  // the file reaches the offset
  const long count = read_at(fd, {&byte, 1}, text.offset - 1);
  if (count < 0) return Match::unreadable;
  if (count == 0 || text.tail.length > text.offset) return Match::differs;
  return matches(fd, text.tail, text.offset - text.tail.length);
}

Match have_same(int left, int right, std::uint64_t begin, std::size_t size) {
  std::array<char, kHeadBytes> a;
  std::array<char, kHeadBytes> b;
  const auto whole = static_cast<long>(size);
  const long left_count = read_at(left, std::span(a).first(size), begin);
  if (left_count < 0) return Match::unreadable;
  const long right_count = read_at(right, std::span(b).first(size), begin);
  if (right_count < 0) return Match::unreadable;
  return said(left_count == whole && right_count == whole && std::equal(a.begin(), a.begin() + whole, b.begin()));
}

}  // namespace sluice::stages::follow
