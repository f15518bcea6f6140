#include "record/buffer.hpp"

#include <algorithm>

namespace sluice::record {

void Buffer::grow(std::size_t at_least) {
  constexpr std::size_t kSmallest = 256;
  const std::size_t capacity = std::max({at_least, capacity_ + capacity_ / 2, kSmallest});
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity + kPadding);
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

}  // namespace sluice::record
