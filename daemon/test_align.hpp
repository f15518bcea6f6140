// Which items of two lists belong together.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace sluice::daemon {

// An expected item that is not there, an actual one that was not expected, or one of each in the same place. Indices.
struct Unmatched {
  std::optional<std::size_t> expected;
  std::optional<std::size_t> actual;
};

// All items but those of a longest common subsequence by `matches(expected, actual)`; what lies between two of its
// items is paired in order. Lists that are long and very different are paired one by one instead.
std::vector<Unmatched> align(std::size_t expected, std::size_t actual,
                             const std::function<bool(std::size_t, std::size_t)>& matches);

}  // namespace sluice::daemon
