#include "config/suggest.hpp"

#include <algorithm>
#include <vector>

#include "config/text.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t kMaxName = 64;    // longer names are no misspellings of ours, and would cost time
constexpr std::size_t kMaxListed = 24;  // candidates named in "expected one of"
constexpr std::size_t kMinPrefix = 3;   // letters from which an abbreviation is recognised

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_abbreviation(std::string_view shorter, std::string_view longer) {
  return shorter.size() >= kMinPrefix && longer.starts_with(shorter);
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1);
  std::vector<std::size_t> above(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const char a = lower(left[i - 1]);
      const char b = lower(right[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a == b ? 0U : 1U)});
      if (i > 1 && j > 1 && a == lower(right[j - 2]) && b == lower(left[i - 2])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[right.size()];
}

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates) {
  if (name.empty() || name.size() > kMaxName) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(name.size(), candidate.size());
    const std::size_t allowed = std::max<std::size_t>(longer / 3, 1);
    std::size_t distance = edit_distance(name, candidate);
    if (is_abbreviation(name, candidate) || is_abbreviation(candidate, name)) distance = std::min(distance, allowed);
    if (distance > allowed || distance >= longer) continue;
    if (best == nullptr || distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates) {
  if (const auto nearest = nearest_name(name, candidates)) return "did you mean " + quote(*nearest) + "?";
  if (candidates.empty()) return {};
  if (candidates.size() == 1) return "expected " + quote(candidates.front());
  if (candidates.size() <= kMaxListed) return "expected one of: " + alternatives(candidates);
  return "expected one of: " + alternatives(candidates.first(kMaxListed)) + " …";
}

}  // namespace sluice::config
