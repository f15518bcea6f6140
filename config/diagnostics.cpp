#include "config/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/text.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t kMaxShown = 100;      // findings; a file that is wrong throughout needs no more to be repaired
constexpr std::size_t kMaxLineWidth = 140;  // characters of a source line; longer lines are cut around the place

struct Styles {
  std::string_view bold, red, yellow, green, plain;
};

Styles styles(Colour colour) {
  if (colour == Colour::never) return {};
  return {"\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;32m", "\x1b[0m"};
}

// The part of a source line that is shown, and where the underline goes in it, in display columns.
struct Excerpt {
  std::string text;
  std::size_t indent = 0;
  std::size_t width = 1;
};

Excerpt excerpt(std::string_view line, std::size_t column, std::size_t span) {
  Excerpt result;
  const std::size_t place = column - 1;
  const std::size_t first = place > kMaxLineWidth * 2 / 3 ? place - kMaxLineWidth / 2 : 0;
  if (first > 0) result.text = "…";
  result.indent = first > 0 ? 1 : 0;
  std::size_t underlined = 0;
  std::size_t index = 0;
  std::size_t offset = 0;
  for (; offset < line.size() && index < first + kMaxLineWidth; ++index) {
    const std::size_t start = offset;
    const std::size_t width = display_width(next_code_point(line, offset));
    if (index < first) continue;
    result.text += printable(line.substr(start, offset - start));
    if (index < place) result.indent += width;
    if (index >= place && index < place + span) underlined += width;
  }
  if (offset < line.size()) result.text += "…";
  if (place > index) result.indent += place - index;
  result.width = std::max<std::size_t>(underlined, 1);
  return result;
}

}  // namespace

void Diagnostics::add(Diagnostic diagnostic) {
  diagnostic.span = std::max<std::size_t>(diagnostic.span, 1);
  errors_ += diagnostic.severity == Severity::error ? 1 : 0;
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::error(Location location, std::string message, std::string hint, std::size_t span) {
  add({std::move(location), std::move(message), std::move(hint), span, Severity::error});
}

void Diagnostics::warning(Location location, std::string message, std::string hint, std::size_t span) {
  add({std::move(location), std::move(message), std::move(hint), span, Severity::warning});
}

void Diagnostics::add_source(SourcePointer source) {
  if (source && std::find(sources_.begin(), sources_.end(), source) == sources_.end()) {
    sources_.push_back(std::move(source));
  }
}

void Diagnostics::append(const Diagnostics& other) {
  all_.insert(all_.end(), other.all_.begin(), other.all_.end());
  errors_ += other.errors_;
  for (const SourcePointer& source : other.sources_) add_source(source);
}

const Source* Diagnostics::source_of(const Location& location) const {
  for (const SourcePointer& source : sources_) {
    if (source->file() == location.file) return source.get();
  }
  return nullptr;
}

std::string Diagnostics::render(Colour colour) const {
  if (all_.empty()) return {};
  std::map<std::string, std::size_t> file_order;
  for (const SourcePointer& source : sources_) file_order.emplace(source->file(), file_order.size());
  for (const Diagnostic& diagnostic : all_) file_order.emplace(diagnostic.location.file, file_order.size());
  std::vector<const Diagnostic*> sorted;
  for (const Diagnostic& diagnostic : all_) sorted.push_back(&diagnostic);
  std::stable_sort(sorted.begin(), sorted.end(), [&file_order](const Diagnostic* left, const Diagnostic* right) {
    const Location& a = left->location;
    const Location& b = right->location;
    if (a.file != b.file) return file_order.at(a.file) < file_order.at(b.file);
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(sorted.size(), kMaxShown); ++i) {
    const Source* source = source_of(sorted[i]->location);
    text += config::render(*sorted[i], source ? source->line(sorted[i]->location.line) : std::string_view(), colour);
  }
  if (sorted.size() > kMaxShown) text += fmt::format("… and {} more\n", sorted.size() - kMaxShown);
  const std::size_t errors = error_count();
  const std::size_t warnings = all_.size() - errors;
  if (errors > 0) text += fmt::format("{} error{}", errors, errors == 1 ? "" : "s");
  if (warnings > 0) text += fmt::format("{}{} warning{}", errors > 0 ? ", " : "", warnings, warnings == 1 ? "" : "s");
  return text + "\n";
}

std::string render(const Diagnostic& diagnostic, std::string_view line, Colour colour) {
  const Styles style = styles(colour);
  const bool error = diagnostic.severity == Severity::error;
  const std::string_view accent = error ? style.red : style.yellow;
  std::string text = fmt::format("{}{}: {}{}:{} {}{}{}\n", style.bold, to_string(diagnostic.location), accent,
                                 error ? "error" : "warning", style.plain, style.bold, diagnostic.message, style.plain);
  const std::uint32_t number = diagnostic.location.line;
  const std::string gutter(std::max<std::size_t>(fmt::formatted_size("{}", number), 4), ' ');
  if (number > 0 && diagnostic.location.column > 0 && !line.empty()) {
    const Excerpt shown = excerpt(line, diagnostic.location.column, diagnostic.span);
    text += fmt::format(" {:>{}} | {}\n", number, gutter.size(), shown.text);
    text +=
        fmt::format(" {} | {:{}}{}^{:~<{}}{}\n", gutter, "", shown.indent, accent, "", shown.width - 1, style.plain);
  }
  if (!diagnostic.hint.empty()) {
    text += fmt::format(" {} = {}hint:{} {}\n", gutter, style.green, style.plain, diagnostic.hint);
  }
  return text;
}

}  // namespace sluice::config
