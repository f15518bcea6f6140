// Looking at paths and directories.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flow/context.hpp"
#include "stages/descriptor.hpp"
#include "stages/generate/follow/fingerprint.hpp"

namespace sluice::stages::follow {

// What a path leads to.
struct Status {
  Identity identity;
  bool is_regular = false;
  bool is_directory = false;
  bool is_shared = false;  // other paths may lead to it too: it has more links, or this is a symbolic one
  std::uint64_t links = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970
  std::uint64_t size = 0;
};

// Nothing, and errno, if it leads nowhere.
std::optional<Status> status_of(const std::string& path);
// Of an open file. Nothing, and errno, if that cannot be told.
std::optional<Status> status_of(const Descriptor& fd);
bool leads_to(const std::string& path, const Identity& identity);

// Opens a file for reading. Never blocks, should it have become a FIFO.
Descriptor open_to_read(const std::string& path);

struct Name {
  std::string path;
  Identity identity;
};

// The files of a directory ("": the working directory) in the order of their paths; symbolic links with their targets'
// identity. Directories are left out. False, and errno, if it cannot be listed; errno is 0 if the context is done.
bool list_files(const flow::Context& context, const std::string& directory, std::vector<Name>& names);

}  // namespace sluice::stages::follow
