#include "record/batch.hpp"

#include <simdjson.h>

#include <algorithm>

namespace sluice::record {

namespace {

bool valid_utf8(const Storage& storage) {
  return storage.slab.empty() || simdjson::validate_utf8(storage.slab.data(), storage.slab.size());
}

}  // namespace

Batch::Batch() : storage_(std::make_shared<Storage>()) {}

Batch::Batch(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {}

bool Batch::is_utf8() const {
  if (utf8_ == Utf8::unknown) {
    const bool valid = valid_utf8(*storage_) &&
                       std::ranges::all_of(inherited_, [](const auto& storage) { return valid_utf8(*storage); });
    utf8_ = valid ? Utf8::valid : Utf8::invalid;
  }
  return utf8_ == Utf8::valid;
}

Batch Batch::share() const {
  Batch shared;
  shared.inherited_ = inherited_;
  shared.inherited_.push_back(storage_);
  shared.generator = generator;
  shared.utf8_ = utf8_;
  return shared;
}

}  // namespace sluice::record
