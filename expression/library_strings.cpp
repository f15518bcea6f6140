// The strings extension (cel-go ext/strings.go, as documented there). Positions count code points.
#include <algorithm>

#include "expression/functions.hpp"
#include "expression/text.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

// The byte offset of a position 0..size; kNowhere, with an error, if it is out of range.
std::size_t position(const Call& call, std::string_view text, std::int64_t index) {
  const std::size_t at = index < 0 ? kNowhere : code_point_offset(text, static_cast<std::size_t>(index));
  if (at == kNowhere) call.fail(ErrorReason::index_out_of_range, "the position is outside of the text");
  return at;
}

Value count_before(std::string_view text, std::size_t at) {
  if (at == kNowhere) return Value::int64(-1);
  return Value::int64(static_cast<std::int64_t>(code_point_count(text.substr(0, at))));
}

Value char_at(const Call& call) {
  const std::string_view text = call[0].text();
  const std::size_t at = position(call, text, call[1].as_int64());
  if (at == kNowhere) return {};
  if (at == text.size()) return Value::string("");
  return Value::string(text.substr(at, decode_code_point(text.substr(at)).length));
}

Value index_of(const Call& call) {
  const std::string_view text = call[0].text();
  const std::size_t from = call.size() > 2 ? position(call, text, call[2].as_int64()) : 0;
  if (from == kNowhere) return {};
  return count_before(text, text.find(call[1].text(), from));
}

Value last_index_of(const Call& call) {
  const std::string_view text = call[0].text();
  const std::size_t from = call.size() > 2 ? position(call, text, call[2].as_int64()) : text.size();
  if (from == kNowhere) return {};
  return count_before(text, text.rfind(call[1].text(), from));
}

Value join(const Call& call) {
  TextBuilder out(call.node, call.frame);
  const std::string_view separator = call.size() > 1 ? call[1].text() : "";
  if (!call.frame.spend(call.node, call[0].size())) return {};
  for (std::size_t i = 0; i < call[0].size(); ++i) {
    const Value item = resolved(call[0].items()[i], call.frame);
    if (!item.is(Type::string)) return call.fail(ErrorReason::no_such_overload, "join() takes a list of strings");
    if (i > 0) out.append(separator);
    out.append(item.text());
  }
  return out.finish();
}

// The bytes of the code point at `at`, one at the end too.
std::size_t step(std::string_view text, std::size_t at) {
  return at < text.size() ? decode_code_point(text.substr(at)).length : 1;
}

Value replace(const Call& call) {
  const std::string_view text = call[0].text();
  const std::string_view from = call[1].text();
  std::int64_t left = call.size() > 3 ? call[3].as_int64() : -1;
  if (!call.frame.spend(call.node, text.size() / 1024)) return {};
  TextBuilder out(call.node, call.frame, text.size() + 16);
  std::size_t at = 0;
  while (left != 0 && !out.failed()) {
    if (from.empty()) {  // before every code point and at the end
      out.append(call[2].text());
      if (at >= text.size()) break;
      const std::size_t length = step(text, at);
      out.append(text.substr(at, length));
      at += length;
    } else {
      const std::size_t found = text.find(from, at);
      if (found == kNowhere) break;
      out.append(text.substr(at, found - at));
      out.append(call[2].text());
      at = found + from.size();
    }
    --left;
  }
  out.append(text.substr(std::min(at, text.size())));
  return out.finish();
}

// Calls `take` with the parts; at most `limit` if that is not negative, the last one then being the rest.
template <class Take>
void for_each_part(std::string_view text, std::string_view separator, std::int64_t limit, Take take) {
  if (limit == 0) return;
  if (separator.empty() && text.empty()) return;
  std::size_t at = 0;
  for (std::int64_t parts = 1; limit < 0 || parts < limit; ++parts) {
    const std::size_t next = separator.empty() ? at + step(text, at) : text.find(separator, at);
    if (next == kNowhere || (separator.empty() && next >= text.size())) break;
    take(text.substr(at, next - at));
    at = next + separator.size();
  }
  take(text.substr(at));
}

Value split(const Call& call) {
  const std::int64_t limit = call.size() > 2 ? call[2].as_int64() : -1;
  std::size_t count = 0;
  for_each_part(call[0].text(), call[1].text(), limit, [&](std::string_view) { ++count; });
  if (count > call.frame.tree->limits.list_items)
    return call.fail(ErrorReason::limit_exceeded, "the list grows too long");
  if (!call.frame.spend(call.node, count + call[0].size() / 1024)) return {};
  const auto items = call.arena().make_array<Value>(count);
  std::size_t i = 0;
  for_each_part(call[0].text(), call[1].text(), limit,
                [&](std::string_view part) { items[i++] = Value::string(part); });
  return Value::list(items);
}

Value substring(const Call& call) {
  const std::string_view text = call[0].text();
  const std::size_t begin = position(call, text, call[1].as_int64());
  if (begin == kNowhere) return {};
  const std::size_t end = call.size() > 2 ? position(call, text, call[2].as_int64()) : text.size();
  if (end == kNowhere) return {};
  if (end < begin) return call.fail(ErrorReason::index_out_of_range, "the end lies before the start");
  return Value::string(text.substr(begin, end - begin));
}

template <class Change>
Value change_bytes(const Call& call, Change change) {
  const std::string_view text = call[0].text();
  if (text.size() > call.frame.tree->limits.string_bytes)
    return call.fail(ErrorReason::limit_exceeded, "the string is too long");
  if (!call.frame.spend(call.node, text.size() / 1024)) return {};
  char* const out = static_cast<char*>(call.arena().allocate(std::max<std::size_t>(text.size(), 1), 1));
  std::transform(text.begin(), text.end(), out, change);
  return Value::string({out, text.size()});
}

Value lower_ascii(const Call& call) {
  return change_bytes(call, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}
Value upper_ascii(const Call& call) {
  return change_bytes(call, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}

Value trim(const Call& call) {
  std::string_view text = call[0].text();
  while (!text.empty()) {
    const CodePoint first = decode_code_point(text);
    if (!is_white_space(first.value)) break;
    text.remove_prefix(first.length);
  }
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && text.size() - last < 4 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
    if (!is_white_space(decode_code_point(text.substr(last)).value)) break;
    text = text.substr(0, last);
  }
  return Value::string(text);
}

Value reverse(const Call& call) {
  const std::string_view text = call[0].text();
  TextBuilder out(call.node, call.frame, text.size());
  for (std::size_t end = text.size(); end > 0;) {
    std::size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
    out.append(text.substr(begin, end - begin));
    end = begin;
  }
  return out.finish();
}

Value quote(const Call& call) {
  const std::string_view text = call[0].text();
  if (!call.frame.spend(call.node, text.size() / 1024)) return {};
  TextBuilder out(call.node, call.frame, text.size() + 16);
  out.append('"');
  for (std::size_t at = 0; at < text.size();) {
    static constexpr std::string_view kSpecial = "\a\b\f\n\r\t\v\\\"";
    static constexpr std::string_view kNames = "abfnrtv\\\"";
    const CodePoint point = decode_code_point(text.substr(at));
    if (const std::size_t i = kSpecial.find(text[at]); i != kNowhere) {
      out.append('\\');
      out.append(kNames[i]);
    } else {
      out.append(point.valid ? text.substr(at, point.length) : "\xef\xbf\xbd");
    }
    at += point.length;
  }
  out.append('"');
  return out.finish();
}

using enum Kind;
constexpr Overload kCharAt[] = {overload(string, string, int64)};
constexpr Overload kIndexOf[] = {overload(int64, string, string), overload(int64, string, string, int64)};
constexpr Overload kJoin[] = {overload(string, list), overload(string, list, string)};
constexpr Overload kReplace[] = {overload(string, string, string, string),
                                 overload(string, string, string, string, int64)};
constexpr Overload kSplit[] = {list_overload(string, string, string), list_overload(string, string, string, int64)};
constexpr Overload kSubstring[] = {overload(string, string, int64), overload(string, string, int64, int64)};
constexpr Overload kText[] = {overload(string, string)};

constexpr Function kFunctions[] = {
    {"charAt", true, char_at, kCharAt, false, false, "the character at a position, from 0"},
    {"indexOf", true, index_of, kIndexOf, false, false, "the position of a part, or -1; from a position on"},
    {"lastIndexOf", true, last_index_of, kIndexOf, false, false, "the last position of a part, or -1"},
    {"join", true, join, kJoin, false, false, "the strings of a list, with a separator between them"},
    {"replace", true, replace, kReplace, false, false, "the text with parts replaced, all or the first n"},
    {"split", true, split, kSplit, false, false, "the parts between separators, at most n"},
    {"substring", true, substring, kSubstring, false, false, "from a position to the end or before a second one"},
    {"lowerAscii", true, lower_ascii, kText, false, false, "with A-Z in lower case"},
    {"upperAscii", true, upper_ascii, kText, false, false, "with a-z in upper case"},
    {"trim", true, trim, kText, false, false, "without white space at both ends"},
    {"reverse", true, reverse, kText, false, false, "the characters from the last to the first"},
    {"strings.quote", false, quote, kText, false, false, "in quotes, with escapes"},
};

}  // namespace

std::span<const Function> string_functions() { return kFunctions; }

}  // namespace sluice::expression
