#include "daemon/test_align.hpp"

#include <algorithm>

namespace sluice::daemon {
namespace {

constexpr std::size_t kMostComparisons = 1'000'000;

using Matches = std::function<bool(std::size_t, std::size_t)>;

// Pairs what is between two matches.
void pair_up(std::size_t expected, std::size_t expected_end, std::size_t actual, std::size_t actual_end,
             std::vector<Unmatched>& pairs) {
  while (expected < expected_end || actual < actual_end) {
    Unmatched pair;
    if (expected < expected_end) pair.expected = expected++;
    if (actual < actual_end) pair.actual = actual++;
    pairs.push_back(pair);
  }
}

// The table of longest common subsequences of what is left from (i, j) on, walked from its beginning.
std::vector<Unmatched> by_subsequence(std::size_t begin, std::size_t expected_end, std::size_t actual_end,
                                      const Matches& matches) {
  const std::size_t rows = expected_end - begin;
  const std::size_t columns = actual_end - begin;
  std::vector<bool> same(rows * columns);
  std::vector<std::size_t> lengths((rows + 1) * (columns + 1), 0);
  const auto length = [&](std::size_t i, std::size_t j) -> std::size_t& { return lengths[i * (columns + 1) + j]; };
  for (std::size_t i = rows; i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      same[i * columns + j] = matches(begin + i, begin + j);
      length(i, j) = same[i * columns + j] ? length(i + 1, j + 1) + 1 : std::max(length(i + 1, j), length(i, j + 1));
    }
  }
  std::vector<Unmatched> pairs;
  std::size_t gap_i = 0;
  std::size_t gap_j = 0;
  for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
    if (same[i * columns + j]) {
      pair_up(begin + gap_i, begin + i, begin + gap_j, begin + j, pairs);
      gap_i = ++i;
      gap_j = ++j;
    } else if (length(i + 1, j) >= length(i, j + 1)) {
      ++i;
    } else {
      ++j;
    }
  }
  pair_up(begin + gap_i, expected_end, begin + gap_j, actual_end, pairs);
  return pairs;
}

}  // namespace

std::vector<Unmatched> align(std::size_t expected, std::size_t actual, const Matches& matches) {
  std::size_t begin = 0;
  while (begin < expected && begin < actual && matches(begin, begin)) ++begin;
  while (expected > begin && actual > begin && matches(expected - 1, actual - 1)) --expected, --actual;
  if ((expected - begin) * (actual - begin) <= kMostComparisons) {
    return by_subsequence(begin, expected, actual, matches);
  }
  std::vector<Unmatched> pairs;
  pair_up(begin, expected, begin, actual, pairs);
  std::erase_if(pairs, [&](const Unmatched& pair) {
    return pair.expected && pair.actual && matches(*pair.expected, *pair.actual);
  });
  return pairs;
}

}  // namespace sluice::daemon
