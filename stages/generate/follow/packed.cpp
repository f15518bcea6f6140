// Packed generations of a file: which file they are, if one that is known.
#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "stages/generate/follow/follower.hpp"

namespace sluice::stages::follow {
namespace {

// The text of a packed file, read once from its beginning.
class PackedText {
 public:
  PackedText(int fd, Packing packing) : fd_(fd), unpacker_(packing), buffer_(64 * 1024) {
    head_.resize(kHeadBytes);
    head_.resize(unpacker_.read(fd_, head_, status_));
    window_ = head_;
  }

  bool begins_with(const Fingerprint& head) const {
    return head.length <= head_.size() && fingerprint(std::string_view(head_).substr(0, head.length)) == head;
  }

  // Reads on to the text's offset, which must not be before the last one. False if there is not so much of it.
  bool reaches(const flow::Context& context, const Text& text) {
    while (unpacker_.position() < text.offset) {
      if (context.done() || status_ != Unpacker::Status::good) return false;
      const std::size_t size = std::min<std::uint64_t>(buffer_.size(), text.offset - unpacker_.position());
      const std::size_t count = unpacker_.read(fd_, std::span(buffer_).first(size), status_);
      window_.append(buffer_.data(), count);
      if (window_.size() > 2 * kHeadBytes) window_.erase(0, window_.size() - kHeadBytes);
    }
    const std::uint64_t behind = unpacker_.position() - text.offset;  // within the head
    const std::string_view before = std::string_view(window_).substr(0, window_.size() - behind);
    if (text.tail.length > before.size()) return false;
    return fingerprint(before.substr(before.size() - text.tail.length)) == text.tail;
  }

  Unpacker::Status status() const { return status_; }
  bool empty() const { return head_.empty(); }

 private:
  const int fd_;
  Unpacker unpacker_;
  Unpacker::Status status_ = Unpacker::Status::good;
  std::vector<char> buffer_;
  std::string head_;
  std::string window_;
};

}  // namespace

Match unpacks_to(const flow::Context& context, int fd, Packing packing, const Text& text) {
  errno = 0;
  if (!is_packed(fd, packing)) return errno == 0 ? Match::differs : Match::unreadable;
  PackedText packed(fd, packing);
  if (packed.begins_with(text.head) && packed.reaches(context, text)) return Match::same;
  return packed.status() == Unpacker::Status::failed ? Match::unreadable : Match::differs;
}

// Whether the original of a packed copy is still what it was. If not, or if nobody knows, the copy waits.
bool Follower::is_unchanged(const flow::Context& context, File& original, File& copy) {
  if (!ensure_open(original)) return true;
  const Match match = holds(original.fd.get(), text_of(original));
  if (match == Match::unreadable) return !is_patient(copy, original.saved.path, errno);
  if (match == Match::same) return true;
  const std::uint64_t source = copy.source;
  set_timer(copy, std::chrono::steady_clock::now() + options_.timing.first_retry);
  const bool is_settled = cut(context, original);
  if (File* const rest = is_settled ? files_.find(source) : nullptr) enqueue(*rest);  // it may be that
  return false;
}

// The plain files that a packed one may be made of, those first of which least was read.
std::vector<File*> Follower::possible_originals(const File& packed) {
  const std::string plain = packed.saved.path.substr(0, packed.saved.path.rfind('.'));
  std::vector<File*> found;
  files_.for_each([&](File& each) {
    const bool is_plain = each.saved.packing == Packing::none && each.saved.text.head.length > 0;
    const bool may_wait = options_.follow || each.saved.gone;
    // Beside the file that it is being made of, it must not be taken for one of its own, read or not.
    const bool counts = each.read > 0 || each.deleted || each.saved.path == plain;
    if (&each != &packed && is_plain && may_wait && counts) found.push_back(&each);
  });
  std::ranges::sort(found, {}, &File::read);
  return found;
}

// As is_itself().
bool Follower::is_packed_itself(const flow::Context& context, File& file) {
  PackedText packed(file.fd.get(), file.saved.packing);
  if (packed.status() == Unpacker::Status::failed) {
    trouble(file, errno);
    return false;
  }
  std::vector<File*> candidates = possible_originals(file);
  std::erase_if(candidates, [&](const File* each) { return !packed.begins_with(each->saved.text.head); });
  File* original = nullptr;
  for (File* const each : candidates) {
    if (packed.reaches(context, text_of(*each))) original = each;
  }
  if (context.done()) return false;
  if (packed.status() == Unpacker::Status::failed) {
    trouble(file, errno);
    return false;
  }
  if (original != nullptr && !original->saved.gone && !is_unchanged(context, *original, file)) return false;
  const bool is_incomplete = packed.status() == Unpacker::Status::incomplete;
  if (original != nullptr && original->saved.gone) {
    adopt(*original, file);
  } else if (original != nullptr || (is_incomplete && options_.follow && (packed.empty() || !candidates.empty()))) {
    // It is being written, or its original is still there, and is what is read.
    held_.insert(file.source);
    if (original == nullptr) set_timer(file, std::chrono::steady_clock::now() + options_.timing.first_retry);
    caught_up(file);
  } else {
    file.fresh = false;
    return true;
  }
  return false;
}

}  // namespace sluice::stages::follow
