// What the limit programs share: reading standard input line by line in blocks, and writing standard output.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice::bench {

inline constexpr std::size_t kBlock = std::size_t{1} << 20;
inline constexpr std::size_t kPadding = 64;  // readable bytes behind every line

// Writes all of `out` and empties it.
inline void flush(std::string& out) {
  for (std::size_t done = 0; done < out.size();) {
    const ssize_t count = write(STDOUT_FILENO, out.data() + done, out.size() - done);
    if (count < 0) std::exit(1);
    done += static_cast<std::size_t>(count);
  }
  out.clear();
}

// Calls `each(line, room)` for every line of standard input; `room` bytes from its begin on are readable. `out` is
// written whenever a block has been read.
template <class Each>
void for_each_line(std::string& out, Each each) {
  std::string in(2 * kBlock + kPadding, ' ');
  std::size_t held = 0;
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, in.data() + held, kBlock);
    if (count <= 0) break;
    held += static_cast<std::size_t>(count);
    const char* line = in.data();
    const char* const end = line + held;
    while (const void* newline = std::memchr(line, '\n', static_cast<std::size_t>(end - line))) {
      const auto size = static_cast<std::size_t>(static_cast<const char*>(newline) - line);
      each(std::string_view(line, size), static_cast<std::size_t>(in.data() + in.size() - line));
      line += size + 1;
    }
    held = static_cast<std::size_t>(end - line);
    std::memmove(in.data(), line, held);
    flush(out);
  }
  flush(out);
}

// Appends `text` as a JSON string.
inline void append_json(std::string& out, std::string_view text) {
  const auto is_special = [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; };
  bool special = false;
  for (const char c : text) special |= is_special(c);  // without a branch, so that it is done 16 bytes at a time
  out.push_back('"');
  if (!special) {
    out.append(text);
    out.push_back('"');
    return;
  }
  for (const char c : text) {
    if (!is_special(c)) {
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out.push_back('\\');
      out.push_back(c);
    } else {
      constexpr char kHex[] = "0123456789abcdef";
      out.append("\\u00");
      out.push_back(kHex[(c >> 4) & 15]);
      out.push_back(kHex[c & 15]);
    }
  }
  out.push_back('"');
}

// `"name":` with a comma before it unless it is the first.
inline void append_name(std::string& out, std::string_view name) {
  if (out.back() != '{') out.push_back(',');
  out.push_back('"');
  out.append(name);
  out.append("\":");
}

}  // namespace sluice::bench
