// "...".format([...]) of the strings extension (cel-go ext/formatting.go, as documented there).
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "expression/functions.hpp"
#include "expression/text.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Field;
using record::Type;
using record::Value;

namespace {

class Formatter {
 public:
  explicit Formatter(const Call& call) : call_(call), out_(call.node, call.frame) {}

  Value run() {
    const std::string_view format = call_[0].text();
    for (std::size_t at = 0; at < format.size();) {
      const std::size_t percent = std::min(format.find('%', at), format.size());
      out_.append(format.substr(at, percent - at));
      at = percent;
      if (at == format.size()) break;
      at += clause(format.substr(at));
      if (failed_) return {};
    }
    return out_.finish();
  }

 private:
  void fail(ErrorReason reason, const char* note) {
    call_.fail(reason, note);
    failed_ = true;
  }

  // One clause at the start of `text`, which is a percent sign; its length.
  std::size_t clause(std::string_view text) {
    if (text.size() > 1 && text[1] == '%') return out_.append('%'), 2;
    std::size_t at = 1;
    int precision = 6;
    if (at < text.size() && text[at] == '.') {
      const std::size_t begin = ++at;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
      const auto value = parse_uint(text.substr(begin, at - begin));
      if (!value || *value > 100)
        return fail(ErrorReason::invalid_argument, "a format's precision is a number up to 100"), at;
      precision = static_cast<int>(*value);
    }
    if (at >= text.size()) return fail(ErrorReason::invalid_argument, "a format ends with a single %"), at;
    if (next_ >= call_[1].size()) return fail(ErrorReason::index_out_of_range, "the format needs more arguments"), at;
    const Value value = resolved(call_[1].items()[next_++], call_.frame);
    switch (text[at]) {
      case 's':
        string(value, 0);
        break;
      case 'd':
        decimal(value);
        break;
      case 'f':
        real(value, std::chars_format::fixed, precision);
        break;
      case 'e':
        real(value, std::chars_format::scientific, precision);
        break;
      case 'b':
        radix(value, 2, false);
        break;
      case 'o':
        radix(value, 8, false);
        break;
      case 'x':
        radix(value, 16, false);
        break;
      case 'X':
        radix(value, 16, true);
        break;
      default:
        fail(ErrorReason::invalid_argument, "a format has %s, %d, %f, %e, %b, %o, %x and %X only");
    }
    return at + 1;
  }

  void string(const Value& value, int depth) {
    constexpr int kDeepest = 200;
    if (failed_ || out_.failed()) return;
    if (depth > kDeepest) return fail(ErrorReason::limit_exceeded, "the value is nested too deeply");
    if (!call_.frame.spend(call_.node, 1)) {
      failed_ = true;
      return;
    }
    switch (kind_of(value)) {
      case Kind::null:
        return out_.append("null");
      case Kind::bytes:
        return out_.append(value.text());
      case Kind::list:
        return list(value, depth);
      case Kind::map:
        return map(value, depth);
      default:
        if (!append_text(out_, value)) fail(ErrorReason::no_such_overload, "%s does not take this value");
    }
  }

  void list(const Value& value, int depth) {
    out_.append('[');
    for (std::size_t i = 0; i < value.size() && !failed_; ++i) {
      if (i > 0) out_.append(", ");
      string(resolved(value.items()[i], call_.frame), depth + 1);
    }
    out_.append(']');
  }

  // Entries in the order of their keys' texts.
  void map(const Value& value, int depth) {
    struct Entry {
      std::string_view key;
      const Value* value;
    };
    const auto entries = call_.arena().make_array<Entry>(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Field& field = value.fields()[i];
      TextBuilder key(call_.node, call_.frame, 24);
      if (!append_text(key, field.name)) return fail(ErrorReason::no_such_overload, "%s does not take this key");
      const Value text = key.finish();
      if (text.is_absent()) {
        failed_ = true;
        return;
      }
      entries[i] = {text.text(), &field.value};
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
    out_.append('{');
    for (std::size_t i = 0; i < entries.size() && !failed_; ++i) {
      if (i > 0) out_.append(", ");
      out_.append(entries[i].key);
      out_.append(": ");
      string(resolved(*entries[i].value, call_.frame), depth + 1);
    }
    out_.append('}');
  }

  void decimal(const Value& value) {
    const bool not_finite = value.is(Type::float64) && !std::isfinite(value.as_float64());
    if (!value.is(Type::int64) && !value.is(Type::uint64) && !value.is(Type::float64)) {
      return fail(ErrorReason::no_such_overload, "%d takes numbers only");
    }
    if (value.is(Type::float64) && !not_finite && value.as_float64() != std::trunc(value.as_float64())) {
      return real(value, std::chars_format::fixed, 6);
    }
    append_text(out_, value);
  }

  void real(const Value& value, std::chars_format format, int precision) {
    double number = 0;
    switch (value.type()) {
      case Type::float64:
        number = value.as_float64();
        break;
      case Type::int64:
        number = static_cast<double>(value.as_int64());
        break;
      case Type::uint64:
        number = static_cast<double>(value.as_uint64());
        break;
      default:
        return fail(ErrorReason::no_such_overload, "%f and %e take numbers only");
    }
    if (!std::isfinite(number)) {
      append_text(out_, Value::float64(number));
      return;
    }
    char text[512];  // 309 digits, a sign, a point, 100 more digits
    const auto [end, error] = std::to_chars(text, text + sizeof text, number, format, precision);
    if (error == std::errc()) out_.append({text, static_cast<std::size_t>(end - text)});
  }

  void radix(const Value& value, int base, bool upper) {
    std::uint64_t magnitude = 0;
    switch (value.type()) {
      case Type::int64:
        magnitude = static_cast<std::uint64_t>(value.as_int64());
        if (value.as_int64() < 0) magnitude = ~magnitude + 1, out_.append('-');
        break;
      case Type::uint64:
        magnitude = value.as_uint64();
        break;
      case Type::boolean:
        if (base != 2) return fail(ErrorReason::no_such_overload, "of bools only %b and %s can be made");
        magnitude = value.as_boolean() ? 1 : 0;
        break;
      case Type::string:
      case Type::bytes:
        if (base != 16) return fail(ErrorReason::no_such_overload, "%b and %o take ints, uints and bools only");
        return hex(value.text(), upper);
      default:
        return fail(ErrorReason::no_such_overload, "%b, %o, %x and %X do not take this value");
    }
    char text[64];
    const char* const end = std::to_chars(text, text + sizeof text, magnitude, base).ptr;
    if (upper)
      std::transform(text, text + (end - text), text, [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    out_.append({text, static_cast<std::size_t>(end - text)});
  }

  void hex(std::string_view bytes, bool upper) {
    const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (const char byte : bytes) {
      const auto value = static_cast<unsigned char>(byte);
      const char pair[2] = {digits[value >> 4], digits[value & 15]};
      out_.append({pair, 2});
    }
  }

  const Call& call_;
  TextBuilder out_;
  std::size_t next_ = 0;
  bool failed_ = false;
};

Value format(const Call& call) { return Formatter(call).run(); }

constexpr Overload kFormat[] = {overload(Kind::string, Kind::string, Kind::list)};
constexpr Function kFunctions[] = {
    {"format", true, format, kFormat, false, false, "\"%s took %.1f ms\".format([path, ms]); %s %d %f %e %b %o %x %X"},
};

}  // namespace

std::span<const Function> format_functions() { return kFunctions; }

}  // namespace sluice::expression
