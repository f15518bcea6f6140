// Reading and replacing files as a whole.
#pragma once

#include <string>
#include <string_view>

#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

// Writes `content` beside `path`, syncs, and renames it over `path`, so that readers see the old file or the new one.
// A path that exists and is no regular file (a pipe, /dev/stderr) is opened and written instead. The message of an
// error names the path and what to do. Short enough not to be interrupted; the context is checked before it starts to
// wait.
flow::Error replace_file(const flow::Context& context, const std::string& path, std::string_view content);

// Appends what is in the file to `text`; `exists` says whether there is one. An error if it is there and cannot be
// read.
flow::Error read_file(const flow::Context& context, const std::string& path, std::string& text, bool& exists);

}  // namespace sluice::daemon
