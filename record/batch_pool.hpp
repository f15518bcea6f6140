// Recycles the memory of batches and bounds how much of it is under way.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "record/batch.hpp"

namespace sluice::record {

// Hands out empty batches whose slabs together hold at most `slab_bytes` x `limit` bytes. The memory of a batch comes
// back by itself when the last batch that points into it is gone, on whatever thread that happens, and is used again,
// the warmest first. Thread-safe. Batches may outlive the pool.
class BatchPool {
 public:
  // `slab_bytes` is the capacity of an ordinary slab, `limit` (at least 1) how many of them may be under way.
  // `on_return` (may be empty) is called whenever memory has come back; it must not throw or call the pool, and is not
  // called any more once the destructor has returned.
  BatchPool(std::size_t slab_bytes, std::size_t limit, std::function<void()> on_return = {});
  BatchPool(const BatchPool&) = delete;
  BatchPool& operator=(const BatchPool&) = delete;
  ~BatchPool();

  // An empty batch whose slab has room for `slab_bytes` bytes (0: an ordinary slab), or nothing while too much is under
  // way. A slab above the whole budget is given when nothing else is under way, so that every size comes through.
  std::optional<Batch> try_acquire(std::size_t slab_bytes = 0);

  // Ends a batch of this pool (or any other) and keeps its list of records and its output buffer for later ones.
  void recycle(Batch&& batch);

  // Bytes of slabs under way now.
  std::size_t bytes_under_way() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace sluice::record
