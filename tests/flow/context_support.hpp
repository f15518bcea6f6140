// What the tests of contexts share.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "flow/context.hpp"

namespace sluice::test {

using namespace std::chrono_literals;

// How long a test waits for something that must happen: only ever reached by a failing test.
constexpr std::chrono::seconds kSoon = 30s;
constexpr std::chrono::hours kLong = 1h;

// The reason a context has ended, in words of Errc; "none" while it has not.
inline std::string error_name(const flow::Context& context) {
  const std::error_code error = context.error();
  if (!error) return "none";
  if (error == flow::Errc::canceled) return "canceled";
  if (error == flow::Errc::deadline_exceeded) return "deadline_exceeded";
  return error.message();
}

// The threads of this process.
inline std::ptrdiff_t thread_count() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

}  // namespace sluice::test
