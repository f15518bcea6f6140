// What `redact` looks for: named kinds of secrets, and regular expressions.
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::stages {

// A part of a text, in bytes.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

// One pattern: a regular expression that finds candidates, and a check that knows what an expression cannot say (a
// checksum, a range). Immutable; many threads may use one.
class RedactPattern {
 public:
  // Adds to `found` the parts of `text` to be replaced; `candidate` is what the expression matched, `group` its first
  // group.
  using Check = void (*)(std::string_view text, Span candidate, Span group, std::vector<Span>& found);

  // The pattern of that name, or null.
  static std::unique_ptr<RedactPattern> named(std::string_view name);
  static const std::vector<std::string>& names();

  // A regular expression in RE2's syntax. If it has a group, only what the first group matched is replaced. Null with
  // an error message, and the part of the source that is wrong (may be empty).
  struct Error {
    std::string message;
    std::string offending;
  };
  static std::unique_ptr<RedactPattern> compile(const std::string& source, Error& error);

  RedactPattern(const std::string& source, Check check);

  void find(std::string_view text, std::vector<Span>& found) const;

  const std::string& source() const { return regex_.pattern(); }
  // Whether a match may depend on where the text begins and ends, so that looking at a longer text that holds it
  // proves nothing.
  bool is_anchored() const { return anchored_; }

 private:
  RE2 regex_;
  Check check_;
  bool anchored_ = false;
};

// Whether digits (others are passed over) end in the check digit of Luhn's formula (ISO/IEC 7812-1 annex B).
bool passes_luhn(std::string_view text);
// Whether letters and digits (others are passed over) are an IBAN whose remainder by 97 is 1 (ISO 13616-1).
bool passes_iban(std::string_view text);

}  // namespace sluice::stages
