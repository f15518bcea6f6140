#include "stages/parse/format.hpp"

#include <algorithm>
#include <memory>

namespace sluice::stages {

void FieldsBuilder::grow() {
  const std::span<record::Field> begun = fields();
  while (next_ < begun.size() * 2) next_ *= 2;
  // Uninitialised: add() makes each field where it stands.
  auto* const room =
      static_cast<record::Field*>(arena_.allocate(next_ * sizeof(record::Field), alignof(record::Field)));
  std::uninitialized_copy(begun.begin(), begun.end(), room);
  begin_ = room;
  end_ = begin_ + begun.size();
  limit_ = begin_ + next_;
  next_ = std::min(std::max(next_ * 2, kFirst), std::max(kLargest, begun.size() * 2));
}

}  // namespace sluice::stages
