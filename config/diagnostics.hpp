// What is wrong with a configuration, said so that it can be repaired: all errors at once, each with its place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/source.hpp"

namespace sluice::config {

enum class Severity { error, warning };

// Whether rendered text may hold ANSI colour escapes (say `always` only when the output is a terminal).
enum class Colour { never, always };

// One finding. `message` says what is wrong and what was expected, `hint` what to do next (may be empty).
struct Diagnostic {
  Location location;
  std::string message;
  std::string hint;
  std::size_t span = 1;  // length of the offending text in characters, for the underline; at least 1
  Severity severity = Severity::error;
};

// Collects findings. Not thread-safe; copyable (sources are shared, not copied).
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  void error(Location location, std::string message, std::string hint = {}, std::size_t span = 1);
  void warning(Location location, std::string message, std::string hint = {}, std::size_t span = 1);

  // Makes the text of a file known, so that render() can quote its lines.
  void add_source(SourcePointer source);

  // Takes over the findings and sources of another collection.
  void append(const Diagnostics& other);

  bool has_errors() const { return error_count() > 0; }
  std::size_t error_count() const { return errors_; }
  bool empty() const { return all_.empty(); }

  // In the order in which they were found; render() sorts by place.
  const std::vector<Diagnostic>& all() const { return all_; }

  // As compilers do: `file:line:column: error: message`, the source line, a caret with an underline, the hint, sorted
  // by place, then a line that counts the errors. Empty text when there is no finding.
  std::string render(Colour colour = Colour::never) const;

 private:
  const Source* source_of(const Location& location) const;
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::vector<SourcePointer> sources_;
};

// One finding in the style of Diagnostics::render; `line` is the text of its source line, empty if unknown.
std::string render(const Diagnostic& diagnostic, std::string_view line, Colour colour = Colour::never);

}  // namespace sluice::config
