// follow: false
#include <fmt/format.h>

#include <cerrno>
#include <deque>
#include <system_error>
#include <utility>

#include "stages/descriptor.hpp"
#include "stages/generate/follow/follower.hpp"
#include "stages/generate/follow/listing.hpp"
#include "stages/generate/path_pattern.hpp"

namespace sluice::stages::follow {
namespace {

flow::Error nothing_found(const Scan& scan, bool optional) {
  if (!scan.named.empty()) return is_a_directory(scan.named.front());
  if (scan.unmatched.empty()) return {};
  const std::string& pattern = scan.unmatched.front();
  if (!scan.unreadable.empty()) {
    return system_error(fmt::format("cannot list {} to find {}", scan.unreadable.front(), pattern), EACCES);
  }
  if (optional) return {};
  const auto code = std::make_error_code(std::errc::no_such_file_or_directory);
  if (!has_wildcards(pattern)) return {code, fmt::format("cannot read {}: no such file", pattern)};
  return {code, fmt::format("no file matches {}; `optional: true` accepts that", pattern)};
}

}  // namespace

flow::Error Follower::read_all(const flow::Context& context, File& file) {
  const std::string path = file.saved.path;
  if (!may_be_read(file)) return {};
  if (!file.fd) {
    Descriptor fd = open_to_read(path);
    if (!fd) return system_error(fmt::format("cannot read {}", path), errno);
    if (const Packing packing = packing_by_name(path); file.fresh && is_packed(fd.get(), packing)) {
      files_.set_packing(file, packing, false);
    }
    files_.opened(file, std::move(fd));
  }
  if (file.fresh && (keeps_ || file.saved.packing != Packing::none) && !is_itself(context, file)) return {};
  Visit visit = reader_.finish(context, file);
  switch (visit.outcome) {
    case Outcome::end:
      files_.close(file);
      return {};
    case Outcome::cut:
      cut(context, file);
      return {};
    case Outcome::waiting:
    case Outcome::failed:
      if (visit.outcome == Outcome::failed && visit.number != EILSEQ) {
        return system_error(fmt::format("cannot read {}", path), visit.number);
      }
      return {std::make_error_code(std::errc::illegal_byte_sequence),
              fmt::format("cannot read {}: its packed content is damaged or not complete", path)};
    default:
      return context.done() ? flow::Error() : visit.error;
  }
}

flow::Error Follower::read_once(const flow::Context& context) {
  const Scan scan = selection_.scan(context);
  if (flow::Error error = nothing_found(scan, options_.optional)) return error;
  first_scan(context, scan);
  flow::Error error = scan_error_;
  // In the order of their paths; what turns up meanwhile, because a file was cut or is a copy, comes last.
  std::deque<std::uint64_t> turns;
  for (const File* const file : files_.by_path()) turns.push_back(file->source);
  ready_.clear();
  while (!error && !context.done() && (!turns.empty() || !ready_.empty())) {
    std::deque<std::uint64_t>& from = turns.empty() ? ready_ : turns;
    File* const file = files_.find(from.front());
    from.pop_front();
    if (file == nullptr) continue;
    file->queued = false;
    file->after.clear();
    error = read_all(context, *file);
    if (!error) error = failure_ ? failure_ : scan_error_;
  }
  reader_.leave();
  const flow::Error flush_error = lines_.flush(context);
  return error ? error : flush_error;
}

}  // namespace sluice::stages::follow
