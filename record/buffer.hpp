// A growing run of bytes that does not initialise what it grows by.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace sluice::record {

// Owns its bytes; move-only. Behind the capacity lie kPadding more readable bytes, for kernels that read in blocks.
// Not thread-safe.
class Buffer {
 public:
  static constexpr std::size_t kPadding = 64;

  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {bytes_.get(), size_}; }

  void clear() { size_ = 0; }
  // Makes room for `capacity` bytes in all; what is there stays. Pointers into it die if it moves.
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }
  // `size` at most capacity(); bytes that are new are uninitialised.
  void resize(std::size_t size) { size_ = size; }

  void push_back(char byte) {
    if (size_ == capacity_) [[unlikely]]
      grow(size_ + 1);
    bytes_[size_++] = byte;
  }
  void append(std::string_view text) {
    if (size_ + text.size() > capacity_) [[unlikely]]
      grow(size_ + text.size());
    if (!text.empty()) std::memcpy(bytes_.get() + size_, text.data(), text.size());
    size_ += text.size();
  }
  // Room for `count` more bytes at the returned place; call advance() with how many were written.
  char* prepare(std::size_t count) {
    if (size_ + count > capacity_) [[unlikely]]
      grow(size_ + count);
    return bytes_.get() + size_;
  }
  void advance(std::size_t count) { size_ += count; }

 private:
  [[gnu::cold]] void grow(std::size_t at_least);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace sluice::record
