// "did you mean": the nearest valid name.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::config {

// Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of
// neighbours, by bytes, letters of either case alike.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The candidate nearest to `name`, if it is near enough to be what was meant (a third of the longer name's length, at
// least one edit). Of equally near ones the first.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates);

// "did you mean `where`?", or else "expected one of: a, b, c" (long lists are cut), or "" without candidates.
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

}  // namespace sluice::config
