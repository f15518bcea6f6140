// The saved form of a FileTable.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <system_error>
#include <tuple>
#include <utility>

#include "config/source.hpp"
#include "record/arena.hpp"
#include "record/base64.hpp"
#include "record/buffer.hpp"
#include "record/json.hpp"
#include "record/json_writer.hpp"
#include "record/value.hpp"
#include "stages/generate/follow/file_table.hpp"

namespace sluice::stages::follow {
namespace {

constexpr std::array<std::string_view, 3> kPackings = {"", "gzip", "zstd"};

void write_fingerprint(record::Buffer& out, std::string_view name, const Fingerprint& value) {
  out.append(fmt::format(R"(,"{}":[{},"{:016x}"])", name, value.length, value.hash));
}

// A name may be any bytes. Those that JSON cannot hold are written as \xNN, and a backslash twice; `path_escaped` says
// so.
void write_path(record::Buffer& out, const std::string& path) {
  if (config::find_invalid_utf8(path) == std::string_view::npos) {
    out.append(R"("path":)");
    return record::write_json_string(out, path);
  }
  std::string escaped;
  for (const char byte : path) {
    const auto code = static_cast<unsigned char>(byte);
    if (code >= 0x80 || byte == '\\') {
      escaped += fmt::format("\\x{:02x}", code);
    } else {
      escaped += byte;
    }
  }
  out.append(R"("path_escaped":)");
  record::write_json_string(out, escaped);
}

void write_position(record::Buffer& out, const Position& position) {
  out.push_back('{');
  write_path(out, position.path);
  out.append(fmt::format(R"(,"device":{},"inode":{},"offset":{},"size":{})", position.identity.device,
                         position.identity.inode, position.text.offset, position.size));
  write_fingerprint(out, "head", position.text.head);
  write_fingerprint(out, "tail", position.text.tail);
  if (position.packing != Packing::none) {
    out.append(fmt::format(R"(,"packing":"{}")", kPackings[static_cast<std::size_t>(position.packing)]));
  }
  if (position.complete && position.text.offset == position.end) out.append(R"(,"complete":true)");
  if (position.gone) out.append(R"(,"gone":true)");
  if (position.skipped) out.append(R"(,"skipped":true)");
  if (position.copy_of.inode != 0) {
    out.append(fmt::format(R"(,"copy_of":[{},{}])", position.copy_of.device, position.copy_of.inode));
  }
  if (position.time != 0) {
    out.append(R"(,"time":")");
    record::write_timestamp(out, {position.time, 0});
    out.push_back('"');
  }
  out.push_back('}');
}

// Reads members of one JSON object, remembering what was wrong.
class Members {
 public:
  Members(record::Value object, record::Arena& arena) : object_(object), arena_(arena) {}

  record::Value get(std::string_view name) { return record::resolve(record::member(object_, name), arena_); }

  bool number(std::string_view name, std::uint64_t& value) { return number_of(get(name), value); }
  bool text(std::string_view name, std::string& value) {
    const record::Value found = get(name);
    if (!found.is(record::Type::string)) return false;
    value = found.text();
    return true;
  }
  bool flag(std::string_view name) {
    const record::Value found = get(name);
    return found.is(record::Type::boolean) && found.as_boolean();
  }
  bool identity(std::string_view name, Identity& value) {
    const record::Value pair = get(name);
    if (!pair.is(record::Type::list) || pair.size() != 2) return false;
    return number_of(record::resolve(pair.items()[0], arena_), value.device) &&
           number_of(record::resolve(pair.items()[1], arena_), value.inode);
  }
  bool fingerprint(std::string_view name, std::size_t longest, Fingerprint& value) {
    const record::Value pair = get(name);
    if (!pair.is(record::Type::list) || pair.size() != 2) return false;
    std::uint64_t length = 0;
    const record::Value hash = record::resolve(pair.items()[1], arena_);
    if (!number_of(record::resolve(pair.items()[0], arena_), length) || length > longest) return false;
    if (!hash.is(record::Type::string)) return false;
    const std::string_view hex = hash.text();
    const auto [end, failure] = std::from_chars(hex.data(), hex.data() + hex.size(), value.hash, 16);
    value.length = static_cast<std::uint32_t>(length);
    return failure == std::errc() && end == hex.data() + hex.size();
  }

 private:
  static bool number_of(const record::Value& found, std::uint64_t& value) {
    if (found.is(record::Type::uint64)) {
      value = found.as_uint64();
      return true;
    }
    if (!found.is(record::Type::int64) || found.as_int64() < 0) return false;
    value = static_cast<std::uint64_t>(found.as_int64());
    return true;
  }

  record::Value object_;
  record::Arena& arena_;
};

bool read_path(Members& members, std::string& path) {
  if (members.text("path", path)) return true;
  std::string escaped;
  if (!members.text("path_escaped", escaped)) return false;
  for (std::size_t at = 0; at < escaped.size(); ++at) {
    unsigned code = 0;
    const char* const digits = escaped.data() + at + 2;
    if (escaped[at] == '\\' && at + 3 < escaped.size() &&
        std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
      path += static_cast<char>(code);
      at += 3;
    } else {
      path += escaped[at];
    }
  }
  return true;
}

// Empty if all is well, or the name of the member that is missing or wrong.
std::string_view read_position(Members members, Position& position) {
  if (!read_path(members, position.path)) return "path";
  if (!members.number("device", position.identity.device)) return "device";
  if (!members.number("inode", position.identity.inode)) return "inode";
  if (!members.number("offset", position.text.offset)) return "offset";
  members.number("size", position.size);
  if (!members.fingerprint("head", kHeadBytes, position.text.head)) return "head";
  if (!members.fingerprint("tail", kTailBytes, position.text.tail)) return "tail";
  std::string packing;
  if (!members.get("packing").is_absent()) {
    const auto known = members.text("packing", packing) ? std::ranges::find(kPackings, packing) : kPackings.end();
    if (known == kPackings.end()) return "packing";
    position.packing = static_cast<Packing>(known - kPackings.begin());
  }
  if (!members.get("copy_of").is_absent() && !members.identity("copy_of", position.copy_of)) return "copy_of";
  position.complete = members.flag("complete");
  position.gone = members.flag("gone");
  position.skipped = members.flag("skipped");
  std::string time;
  std::tm parts{};
  if (members.text("time", time) && ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) != nullptr) {
    position.time = ::timegm(&parts);
  }
  position.end = position.text.offset;
  return {};
}

flow::Error broken(std::string what) {
  return {std::make_error_code(std::errc::invalid_argument), "the saved positions of files: " + std::move(what)};
}

}  // namespace

std::string FileTable::to_json(const std::vector<std::string>& patterns) const {
  const std::lock_guard lock(mutex_);
  if (!all_known_) return {};
  std::vector<const File*> all;
  for (const auto& [source, file] : files_) all.push_back(file.get());
  std::ranges::sort(all, [](const File* a, const File* b) {
    return std::tie(a->saved.path, a->saved.gone, a->source) < std::tie(b->saved.path, b->saved.gone, b->source);
  });
  record::Buffer out;
  out.append(R"({"files":[)");
  bool first = true;
  for (const File* file : all) {
    Position position = file->saved;
    if (!std::exchange(first, false)) out.push_back(',');
    // What was read of one that is gone may be still under way: the next run has to look for it then.
    position.gone = position.gone && position.text.offset >= position.end;
    const auto original = files_.find(file->copy_of);
    position.copy_of = original == files_.end() ? Identity() : original->second->saved.identity;
    write_position(out, position);
  }
  out.append(R"(],"patterns":[)");
  first = true;
  for (const std::string& pattern : patterns) {
    if (!std::exchange(first, false)) out.push_back(',');
    record::write_json_string(out, pattern);
  }
  out.append("]}");
  return std::string(out.view());
}

flow::Error parse_positions(std::string_view json, Saved& saved) {
  if (!record::is_valid_json(json)) return broken("is not JSON");
  record::Arena arena;
  const auto first = json.find_first_not_of(" \t\r\n");
  const auto last = json.find_last_not_of(" \t\r\n");
  const record::Value root = record::Value::json(json.substr(first, last - first + 1));
  if (!record::resolve(root, arena).is(record::Type::map)) return broken("is no JSON object");
  Members members(root, arena);
  const record::Value files = members.get("files");
  if (files.is_absent() && record::resolve(root, arena).size() == 0) return {};
  if (!files.is(record::Type::list)) return broken("have no list `files`");
  for (const record::Value& each : files.items()) {
    Position position;
    const std::string_view wrong = read_position(Members(each, arena), position);
    if (!wrong.empty())
      return broken(fmt::format("`{}` of file {} is missing or wrong", wrong, saved.files.size() + 1));
    saved.files.push_back(std::move(position));
  }
  const record::Value patterns = members.get("patterns");
  if (!patterns.is(record::Type::list)) return broken("have no list `patterns`");
  for (const record::Value& each : patterns.items()) {
    const record::Value pattern = record::resolve(each, arena);
    if (!pattern.is(record::Type::string)) return broken("`patterns` has something that is no string");
    saved.patterns.emplace_back(pattern.text());
  }
  return {};
}

}  // namespace sluice::stages::follow
