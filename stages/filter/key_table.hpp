// A bounded table of keys that forgets the oldest: the memory of limit and dedupe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/filter/key_hash.hpp"

namespace sluice::stages {

// A hash table of at most `capacity` keys in the order in which they were last renewed. Keys of up to 47 bytes are kept
// as they are, longer ones by their SHA-256, so that memory is bounded by the number of keys (about 80 bytes each) and
// no two keys are taken for one. It grows as needed. Seeded at random, so that nobody can aim at its buckets; the seed
// does not show in results. Not thread-safe.
template <class T>
class KeyTable {
 public:
  explicit KeyTable(std::size_t capacity)
      : capacity_(std::max<std::size_t>(capacity, 1)), seed_(random_seed()), buckets_(kFirstBuckets, kNone) {}

  std::size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }

  // The value of a key, or null. Good until the next insert() or remove_oldest().
  T* find(std::string_view key) { return const_cast<T*>(std::as_const(*this).find(key)); }
  const T* find(std::string_view key) const {
    const Name name(key);
    const std::uint32_t found = find(name, bucket_of(name));
    return found == kNone ? nullptr : &slots_[found].value;
  }

  // Makes `value`, which find() or insert() returned, the newest.
  void renew(T& value) {
    // The distance in bytes, as T may be anything; `value` is inside of a slot.
    const auto offset = reinterpret_cast<const char*>(&value) - reinterpret_cast<const char*>(slots_.data());
    const auto slot = static_cast<std::uint32_t>(static_cast<std::size_t>(offset) / sizeof(Slot));
    unlink(slot);
    link_newest(slot);
  }

  // Adds a key that is not in the table, as the newest. The table must not be full().
  T& insert(std::string_view key) {
    const std::uint32_t slot = take_slot();
    slots_[slot].name = Name(key);
    slots_[slot].value = T();
    if (++size_ > buckets_.size()) {
      rehash();
    } else {
      chain(slot);
    }
    link_newest(slot);
    return slots_[slot].value;
  }

  // The value that was not renewed for longest; the table must not be empty.
  const T& oldest() const { return slots_[oldest_].value; }

  void remove_oldest() {
    const std::uint32_t slot = oldest_;
    unlink(slot);
    std::uint32_t* link = &buckets_[bucket_of(slots_[slot].name)];
    while (*link != slot) link = &slots_[*link].next;
    *link = slots_[slot].next;
    slots_[slot].next = free_;
    free_ = slot;
    --size_;
  }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::size_t kFirstBuckets = 1024;

  struct Name {
    static constexpr std::uint8_t kDigest = 255;

    Name() = default;
    explicit Name(std::string_view key) {
      if (key.size() <= bytes.size()) {
        if (!key.empty()) std::memcpy(bytes.data(), key.data(), key.size());
        size = static_cast<std::uint8_t>(key.size());
      } else {
        unsigned char digest[32];
        key_digest(key, digest);
        std::memcpy(bytes.data(), digest, sizeof digest);
        size = kDigest;
      }
    }
    std::string_view view() const { return {bytes.data(), size == kDigest ? std::size_t{32} : size}; }
    bool operator==(const Name& other) const { return size == other.size && view() == other.view(); }

    std::array<char, 47> bytes{};
    std::uint8_t size = 0;
  };
  struct Slot {
    Name name;
    std::uint32_t next = kNone;  // in its bucket, or among the free ones
    std::uint32_t older = kNone;
    std::uint32_t newer = kNone;
    T value;
  };

  static std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }

  std::size_t bucket_of(const Name& name) const { return key_hash(name.view(), seed_) & (buckets_.size() - 1); }

  std::uint32_t find(const Name& name, std::size_t bucket) const {
    std::uint32_t slot = buckets_[bucket];
    while (slot != kNone && !(slots_[slot].name == name)) slot = slots_[slot].next;
    return slot;
  }

  std::uint32_t take_slot() {
    if (free_ == kNone) {
      slots_.emplace_back();
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t slot = free_;
    free_ = slots_[slot].next;
    return slot;
  }

  void chain(std::uint32_t slot) {
    std::uint32_t& bucket = buckets_[bucket_of(slots_[slot].name)];
    slots_[slot].next = bucket;
    bucket = slot;
  }

  // The new slot is not in the list of ages yet, all others are.
  void rehash() {
    const auto added = static_cast<std::uint32_t>(slots_.size() - 1);
    buckets_.assign(buckets_.size() * 2, kNone);
    for (std::uint32_t slot = newest_; slot != kNone; slot = slots_[slot].older) chain(slot);
    chain(added);
  }

  void link_newest(std::uint32_t slot) {
    slots_[slot].older = newest_;
    slots_[slot].newer = kNone;
    (newest_ == kNone ? oldest_ : slots_[newest_].newer) = slot;
    newest_ = slot;
  }

  void unlink(std::uint32_t slot) {
    const Slot& gone = slots_[slot];
    (gone.older == kNone ? oldest_ : slots_[gone.older].newer) = gone.newer;
    (gone.newer == kNone ? newest_ : slots_[gone.newer].older) = gone.older;
  }

  const std::size_t capacity_;
  const std::uint64_t seed_;
  std::vector<std::uint32_t> buckets_;  // a power of two
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::uint32_t free_ = kNone;
  std::uint32_t newest_ = kNone;
  std::uint32_t oldest_ = kNone;
};

}  // namespace sluice::stages
