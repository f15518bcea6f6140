// `sluice explain`: what every stage does to one line, and why it is kept, filtered or rejected.
#pragma once

#include <istream>
#include <ostream>
#include <string_view>

#include "config/pipeline.hpp"
#include "daemon/stage_set.hpp"
#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

struct ExplainOptions {
  bool colour = false;
  std::size_t max_line = 1024 * 1024;
};

// Takes the line (without its end) from every generator through everything that reads it, and prints a paragraph for
// each stage: the fields that it added (+), changed (~) and removed (-), what its conditions saw, and how the record
// ended. Writers print what they would write and where; nothing is read or written. `set` was made without errors;
// stages with a memory (dedupe, limit, joined lines) keep it from call to call.
void explain(const flow::Context& context, StageSet& set, std::string_view line, const ExplainOptions& options,
             std::ostream& out);

// The same for every line of `in`, or, if the first generator joins lines, for every event, each under a heading with
// its number; and then explain_end().
void explain_all(const flow::Context& context, StageSet& set, std::istream& in, const ExplainOptions& options,
                 std::ostream& out);

// After the last line: the same for what stages have held back so far.
void explain_end(const flow::Context& context, StageSet& set, const ExplainOptions& options, std::ostream& out);

}  // namespace sluice::daemon
