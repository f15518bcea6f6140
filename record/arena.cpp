#include "record/arena.hpp"

#include <algorithm>

namespace sluice::record {

namespace {
constexpr std::size_t kFirstChunk = std::size_t{16} * 1024;
constexpr std::size_t kLargestChunk = std::size_t{256} * 1024;
}  // namespace

void Arena::next_chunk(std::size_t at_least) {
  while (next_ < chunks_.size() && chunks_[next_].size < at_least) ++next_;
  if (next_ == chunks_.size()) {
    const std::size_t grown = chunks_.empty() ? kFirstChunk : std::min(chunks_.back().size * 2, kLargestChunk);
    const std::size_t size = std::max(grown, at_least);
    chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
  }
  current_ = chunks_[next_].bytes.get();
  capacity_ = chunks_[next_].size;
  used_ = 0;
  ++next_;
}

void Arena::reset(std::size_t keep_bytes) {
  std::size_t kept = 0;
  std::erase_if(chunks_, [&](const Chunk& chunk) {
    if (kept + chunk.size > keep_bytes) return true;
    kept += chunk.size;
    return false;
  });
  next_ = 0;
  current_ = nullptr;
  used_ = capacity_ = 0;
}

std::size_t Arena::footprint() const {
  std::size_t total = 0;
  for (const Chunk& chunk : chunks_) total += chunk.size;
  return total;
}

}  // namespace sluice::record
