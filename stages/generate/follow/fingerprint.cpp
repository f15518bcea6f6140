#include "stages/generate/follow/fingerprint.hpp"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sluice::stages::follow {
namespace {

bool matches(int fd, const Fingerprint& expected, std::uint64_t offset) {
  std::array<char, kHeadBytes> bytes;
  if (expected.length > bytes.size()) return false;
  const long count = read_at(fd, std::span(bytes).first(expected.length), offset);
  return count == static_cast<long>(expected.length) && fingerprint({bytes.data(), expected.length}) == expected;
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

bool holds(int fd, const Text& text) {
  if (!matches(fd, text.head, 0)) return false;
  if (text.offset == 0) return true;
  char byte = 0;  // the file reaches the offset
  if (read_at(fd, {&byte, 1}, text.offset - 1) != 1) return false;
  return text.tail.length <= text.offset && matches(fd, text.tail, text.offset - text.tail.length);
}

}  // namespace sluice::stages::follow
