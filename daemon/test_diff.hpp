// What differs between the outcome of a test case and what it expects.
#pragma once

#include <string>
#include <vector>

#include "daemon/stage_set.hpp"
#include "daemon/test_case.hpp"
#include "daemon/test_run.hpp"
#include "daemon/test_value.hpp"

namespace sluice::daemon {

struct DiffLine {
  enum class Kind { expected, actual, note };
  Kind kind = Kind::note;
  std::vector<Span> spans;
};

// One difference: a sentence, and the lines that show it.
struct Finding {
  std::string title;
  std::vector<DiffLine> lines;
};

// Nothing if all is as expected. Records that are in both, in the same order, are left out; those between are compared
// pair by pair.
std::vector<Finding> compare(const TestCase& test, TestOutcome& outcome, const StageSet& set);

}  // namespace sluice::daemon
