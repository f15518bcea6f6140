// The checkpoint on disk: how far every generator has come, and what stages hold back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "flow/context.hpp"
#include "flow/error.hpp"

namespace sluice::daemon {

struct Checkpoint {
  std::uint64_t epoch = 0;                        // 0: none was made yet
  std::string saved;                              // when, RFC 3339
  std::map<std::string, std::string> generators;  // what Generator::save() gave, by the stage's name
  std::map<std::string, std::string> stages;      // what Processor::save() gave, by the stage's name
};

// Where the checkpoint is in a state directory.
std::string state_path(const std::string& directory);

// Two lines: a JSON object whose first member is `sluice_state`, the version of the format; and `crc32 XXXXXXXX` of the
// first line.
std::string to_text(const Checkpoint& checkpoint);

// The other way round. Fails, saying what is wrong and what to do, if the text is not whole or not of this version.
flow::Error from_text(std::string_view text, Checkpoint& checkpoint);

// The checkpoint in the directory; epoch 0 if there is none. A file that is broken or not ours is an error, never
// "none".
flow::Error read_checkpoint(const flow::Context& context, const std::string& directory, Checkpoint& checkpoint);
// Replaces it as a whole: written, synced, renamed, and the directory synced.
flow::Error write_checkpoint(const flow::Context& context, const std::string& directory, const Checkpoint& checkpoint);

}  // namespace sluice::daemon
