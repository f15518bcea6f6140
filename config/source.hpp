// Where a piece of configuration was written: source texts and places in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

// A place that a user can go to. Lines and columns count from 1; columns are characters (code points), as editors count
// them. A line of 0 means "this file as a whole".
struct Location {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool operator==(const Location&) const = default;
};

// "file:line:column", or only "file" when there is no line.
std::string to_string(const Location& location);

// A text that configuration was read from: a file, or the value of one --set. Immutable, so shared freely by threads.
class Source {
 public:
  Source(std::string file, std::string text);

  const std::string& file() const { return file_; }
  std::string_view text() const { return text_; }

  // The line (counted from 1) without its end; empty when there is no such line.
  std::string_view line(std::uint32_t number) const;
  std::uint32_t line_count() const { return static_cast<std::uint32_t>(starts_.size()); }

  // The place of a byte. Offsets past the end give the place just after the last byte.
  Location locate(std::size_t offset) const;

 private:
  std::string file_;
  std::string text_;
  std::vector<std::size_t> starts_;  // offset of the first byte of each line
};

using SourcePointer = std::shared_ptr<const Source>;

// Number of code points in a text; a byte that is no part of valid UTF-8 counts as one.
std::size_t count_characters(std::string_view text);

// Offset of the first byte that is not valid UTF-8 (RFC 3629), or npos.
std::size_t find_invalid_utf8(std::string_view text);

}  // namespace sluice::config
