// How test cases came out, for people and for machines.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "config/source.hpp"
#include "daemon/test_diff.hpp"

namespace sluice::daemon {

struct TestResult {
  std::string name;
  config::Location location;
  std::vector<Finding> findings;  // empty: passed
  std::chrono::nanoseconds elapsed{};

  bool passed() const { return findings.empty(); }
};

// One line, and if it failed what differs: `-` what was expected, `+` what is there. With `colour` the parts that
// differ are inverse.
std::string describe(const TestResult& result, bool colour);

// "3 tests passed", "1 of 3 tests failed".
std::string summarize(const std::vector<TestResult>& results, std::size_t left_out);

// JUnit's XML, as build servers read it: one suite, named after the configuration. Characters that XML cannot hold are
// replaced.
std::string junit(const std::string& file, const std::vector<TestResult>& results);
// The same for a configuration that is wrong: one case with an error.
std::string junit_error(const std::string& file, const std::string& message);

}  // namespace sluice::daemon
