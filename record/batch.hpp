// A batch: a slab of bytes as read and the records that point into it, the unit that travels between stages.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "record/arena.hpp"
#include "record/buffer.hpp"
#include "record/record.hpp"

namespace sluice::record {

// The memory behind a batch: the bytes as read and an arena for what is computed from them.
struct Storage {
  Buffer slab;
  Arena arena;
};

// A stretch of a batch's output that goes its own way: a file of its own, a datagram of its own.
struct OutputPart {
  std::size_t end = 0;           // where it ends in the output; it begins where the one before ends
  std::size_t records = 0;       // how many records it holds, in the order of the batch
  std::string_view destination;  // what it means is the writer's; lives as long as the batch
};

// Move-only. A batch belongs to one thread at a time; handing it to a queue hands over everything in it.
class Batch {
 public:
  Batch();
  explicit Batch(std::shared_ptr<Storage> storage);
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;

  // The bytes as read. Records point into it: it must not grow once records exist.
  Buffer& slab() { return storage_->slab; }
  Arena& arena() { return storage_->arena; }

  std::vector<Record>& records() { return records_; }
  const std::vector<Record>& records() const { return records_; }
  std::size_t size() const { return records_.size(); }
  bool empty() const { return records_.empty(); }

  // Whether every byte of the slab is valid UTF-8, so that strings cut from it at ASCII bytes are too. Computed on the
  // first call; a batch made by share() asks all slabs it points into.
  bool is_utf8() const;

  // An empty batch that keeps this one's memory alive, so that records copied from here may be put into it. This
  // batch's arena must not be used for records that were copied afterwards by anyone but this batch.
  Batch share() const;

  // What the encoder of a writer made of the records, ready to be sent; and how many records that is.
  Buffer& output() { return output_; }
  const Buffer& output() const { return output_; }
  // The parts of output(), for writers that need them; else empty.
  std::vector<OutputPart>& parts() { return parts_; }
  const std::vector<OutputPart>& parts() const { return parts_; }

  // Which generator accepted the records (its index in the pipeline), and the bytes accepted, line ends included.
  std::size_t generator = 0;
  std::size_t bytes_in = 0;

 private:
  enum class Utf8 : unsigned char { unknown, valid, invalid };
  std::shared_ptr<Storage> storage_;
  std::vector<std::shared_ptr<Storage>> inherited_;
  std::vector<Record> records_;
  Buffer output_;
  std::vector<OutputPart> parts_;
  mutable Utf8 utf8_ = Utf8::unknown;
  friend class BatchPool;
};

}  // namespace sluice::record
