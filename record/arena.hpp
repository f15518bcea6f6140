// A bump allocator for what a batch computes: decoded strings, field lists, edits.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sluice::record {

// Hands out memory that lives until reset() or destruction; nothing is freed one by one, no destructor runs.
// Chunks are kept across reset(), so a recycled arena allocates nothing in steady state. Not thread-safe: an arena
// belongs to one batch, and a batch to one worker at a time.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised memory of `size` bytes. `alignment` is a power of two, at most alignof(std::max_align_t).
  void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
    std::size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (start + size > capacity_) [[unlikely]] {
      next_chunk(size);
      start = 0;
    }
    used_ = start + size;
    return current_ + start;
  }

  // An array of `count` value-initialised T.
  template <class T>
  std::span<T> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }

  // A copy of `text` that lives as long as the arena's content.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Forgets everything handed out; keeps at most `keep_bytes` of memory for the next use.
  void reset(std::size_t keep_bytes = kKeepBytes);

  // Bytes of memory held, used or not.
  std::size_t footprint() const;

  static constexpr std::size_t kKeepBytes = 512 * 1024;

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  void next_chunk(std::size_t at_least);

  std::vector<Chunk> chunks_;
  std::size_t next_ = 0;  // index of the chunk after the current one
  std::byte* current_ = nullptr;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace sluice::record
