#include "record/batch_pool.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::record {

// Outlives the pool as long as batches of it are under way. Everything is guarded by the mutex.
struct BatchPool::Core {
  std::mutex mutex;
  std::size_t slab_bytes;
  std::size_t budget;
  std::size_t under_way = 0;  // bytes
  std::vector<std::unique_ptr<Storage>> idle;
  std::vector<std::vector<Record>> lists;
  std::vector<Buffer> outputs;
  std::function<void()> on_return;

  void put_back(std::unique_ptr<Storage> storage, std::size_t charged);
};

void BatchPool::Core::put_back(std::unique_ptr<Storage> storage, std::size_t charged) {
  // What one long line made grow is not kept: it would stay resident for ever.
  if (storage->slab.capacity() > 2 * slab_bytes) storage->slab = Buffer();
  storage->slab.clear();
  storage->arena.reset();
  const std::lock_guard lock(mutex);
  under_way -= charged;
  idle.push_back(std::move(storage));
  if (on_return) on_return();
}

BatchPool::BatchPool(std::size_t slab_bytes, std::size_t limit, std::function<void()> on_return)
    : core_(std::make_shared<Core>()) {
  core_->slab_bytes = slab_bytes;
  core_->budget = slab_bytes * std::max<std::size_t>(limit, 1);
  core_->on_return = std::move(on_return);
}

BatchPool::~BatchPool() {
  const std::lock_guard lock(core_->mutex);
  core_->on_return = nullptr;
}

std::optional<Batch> BatchPool::try_acquire(std::size_t slab_bytes) {
  const std::size_t charge = std::max(slab_bytes, core_->slab_bytes);
  std::unique_ptr<Storage> storage;
  std::vector<Record> records;
  Buffer output;
  {
    const std::lock_guard lock(core_->mutex);
    if (core_->under_way != 0 && core_->under_way + charge > core_->budget) return std::nullopt;
    core_->under_way += charge;
    if (!core_->idle.empty()) storage = std::move(core_->idle.back()), core_->idle.pop_back();
    if (!core_->lists.empty()) records = std::move(core_->lists.back()), core_->lists.pop_back();
    if (!core_->outputs.empty()) output = std::move(core_->outputs.back()), core_->outputs.pop_back();
  }
  if (storage == nullptr) storage = std::make_unique<Storage>();
  storage->slab.reserve(charge);
  std::shared_ptr<Storage> shared(storage.release(), [core = core_, charge](Storage* returned) {
    core->put_back(std::unique_ptr<Storage>(returned), charge);
  });
  Batch batch(std::move(shared));
  batch.records() = std::move(records);
  batch.output() = std::move(output);
  return batch;
}

void BatchPool::recycle(Batch&& batch) {
  Batch ended = std::move(batch);
  ended.records().clear();
  ended.output().clear();
  const std::lock_guard lock(core_->mutex);
  const std::size_t keep = core_->budget / core_->slab_bytes;
  if (ended.records().capacity() != 0 && core_->lists.size() < keep) {
    core_->lists.push_back(std::move(ended.records()));
  }
  if (ended.output().capacity() != 0 && ended.output().capacity() <= 4 * core_->slab_bytes &&
      core_->outputs.size() < keep) {
    core_->outputs.push_back(std::move(ended.output()));
  }
  // `ended` is destroyed after the lock is released (it is declared before it): its storage comes back then.
}

std::size_t BatchPool::bytes_under_way() const {
  const std::lock_guard lock(core_->mutex);
  return core_->under_way;
}

}  // namespace sluice::record
