#include "stages/write/journal.hpp"

#include <sys/stat.h>

namespace sluice::stages {

flow::Error note_extension(Journal* journal, const std::string& path, int fd, bool created, bool durable) {
  struct stat status {};
  if (journal == nullptr || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const OpenFile file{{status.st_dev, status.st_ino}, static_cast<std::uint64_t>(status.st_size)};
  return journal->will_extend(path, file, created, durable);
}

}  // namespace sluice::stages
