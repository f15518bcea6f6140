// How often and how much this program allocates: the test program replaces operator new to count.
#pragma once

#include <cstdint>

namespace sluice::test {

// Calls of operator new by the calling thread so far.
std::uint64_t allocations_here() noexcept;
// Blocks of operator new, of all threads, that are not freed yet.
std::int64_t live_allocations() noexcept;

}  // namespace sluice::test
