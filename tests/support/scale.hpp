// How big a test may be: sanitizers slow everything down by an order of magnitude.
#pragma once

#include <cstddef>

namespace sluice::test {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// The full number, or a tenth of it (at least 1) under a sanitizer.
constexpr std::size_t scaled(std::size_t full) { return kSanitized ? (full + 9) / 10 : full; }

}  // namespace sluice::test
