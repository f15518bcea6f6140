#include "record/json_index.hpp"

#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "record/json.hpp"
#include "record/json_string.hpp"
#include "record/json_walker.hpp"

namespace sluice::record {

namespace {

using simdjson::error_code;
using simdjson::internal::dom_parser_implementation;

// Lines are given to simdjson in runs of about this size: large enough that its fixed cost vanishes, small enough that
// the positions it finds stay in the first-level caches.
constexpr std::size_t kRunBytes = std::size_t{32} * 1024;

bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

bool is_blank(std::string_view text) { return std::ranges::all_of(text, json_text::is_space); }

const char* find_backslash(const char* from, const char* to) {
  return static_cast<const char*>(std::memchr(from, '\\', static_cast<std::size_t>(to - from)));
}

}  // namespace

bool has_valid_escapes(const char* p, const char* end) {
  while (p < end && (p = find_backslash(p, end)) != nullptr) {
    if (p + 1 == end) return false;
    if (p[1] == 'u') {
      if (end - p < 6 || !std::all_of(p + 2, p + 6, is_hex)) return false;
      p += 6;
    } else {
      if (std::memchr("\"\\/bfnrt", p[1], 8) == nullptr) return false;
      p += 2;
    }
  }
  return true;
}

class JsonIndexer::Impl {
 public:
  explicit Impl(const FieldTable& fields) : slot_count_(fields.size()) {
    for (std::size_t slot = 0; slot < fields.size(); ++slot) {
      names_.push_back({fields.name(slot), slot});
      lengths_ |= length_bit(fields.name(slot).size());
    }
  }

  // Finds the structural positions of `text`. False if its quotes do not balance or a byte is not allowed.
  bool find_structure(std::string_view text) {
    if (text.size() > capacity_ || parser_ == nullptr) allocate(std::max(text.size(), kRunBytes));
    error_ = parser_->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                             simdjson::stage1_mode::regular);
    next_ = parser_->structural_indexes.get();
    return error_ == simdjson::SUCCESS;
  }

  // Gives back what one very long line needed.
  void shrink() {
    if (capacity_ > kRunBytes) parser_.reset();
  }

  // One line of the text that find_structure() was given; lines in order. True: it has become a JSON record, whose
  // located fields stand in `slots` (slot_count() of them, all absent before); else failure() says why not.
  bool line(const char* base, std::string_view line, bool escapes, Record& record, Value* slots, Arena& arena) {
    slots_ = slots;
    const bool has_backslash = escapes && line.find('\\') != std::string_view::npos;
    return has_backslash ? walk<true>(base, line, record, arena) : walk<false>(base, line, record, arena);
  }

  // The same for a text of its own.
  bool lone_line(std::string_view line, Record& record, Value* slots, Arena& arena) {
    if (find_structure(line)) return this->line(line.data(), line, true, record, slots, arena);
    failure_ = structure_failure(line);
    return false;
  }

  std::size_t slot_count() const { return slot_count_; }
  JsonFailure take_failure() { return std::move(failure_); }

 private:
  // Why find_structure() failed on a single line.
  JsonFailure structure_failure(std::string_view line) const {
    if (is_blank(line)) return {"invalid_json", "no value, white space only"};
    if (!simdjson::validate_utf8(line.data(), line.size())) return {"invalid_utf8", "the line is not valid UTF-8"};
    if (error_ == simdjson::UNCLOSED_STRING) return {"invalid_json", "a string is not closed"};
    if (error_ == simdjson::UNESCAPED_CHARS) return {"invalid_json", "a string holds an unescaped control character"};
    return {"invalid_json", simdjson::error_message(error_)};
  }

  struct Name {
    std::string_view text;
    std::size_t slot;
  };

  // Most names of one length differ in their first byte: that spares a call.
  static bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && (a.empty() || (a.front() == b.front() && a == b));
  }

  static std::uint64_t length_bit(std::size_t length) { return std::uint64_t{1} << (length % 64); }

  void allocate(std::size_t capacity) {
    // 1024 is simdjson's own depth limit; its second stage, which needs it, is not used here.
    parser_.reset();
    const error_code error =
        simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1024, parser_);
    if (error != simdjson::SUCCESS) throw std::bad_alloc();
    capacity_ = capacity;
  }

  template <bool kEscapes>
  bool walk(const char* base, std::string_view line, Record& record, Arena& arena) {
    const char* const line_end = line.data() + line.size();
    JsonWalker<kEscapes> walker(base, next_, line_end);
    const char* const open = walker.take();
    const char* const end = open != nullptr && *open == '{' ? object(walker, arena) : nullptr;
    if (end != nullptr && walker.at_end()) [[likely]] {
      next_ = walker.position();
      const bool fills_line = record.line().data() == line.data() && record.line().size() == line.size();
      record.set_json(json_text::between(open, end), {slots_, slot_count_},
                      fills_line ? Record::Place::fills_line : Record::Place::anywhere);
      return true;
    }
    if (end != nullptr) walker.fail(walker.here(), "text behind the closing brace");
    failure_ = explain(walker, base, line, open);
    next_ = skip_to(base, walker.position(), line_end);
    return false;
  }

  // The members of the object whose opening brace was just taken: validates all, keeps the wanted ones in slots_.
  template <bool kEscapes>
  const char* object(JsonWalker<kEscapes>& walker, Arena& arena) {
    const char* p = walker.take();
    if (p == nullptr) return nullptr;
    if (*p == '}') return p + 1;
    for (;;) {
      if (walker.name(p) == nullptr) return nullptr;
      const std::string_view name = json_text::between(p + 1, walker.name_end() - 1);
      const char* const value = walker.take();
      if (value == nullptr) return nullptr;
      const char* const value_end = walker.value(value);
      if (value_end == nullptr) return nullptr;
      keep_if_wanted<kEscapes>(name, value, value_end, arena);
      const char* const after = walker.after();
      if (*after == '}') return after + 1;
      if (*after != ',') return walker.fail(after, "expected ',' or '}' after a value");
      if ((p = walker.take()) == nullptr) return nullptr;
    }
  }

  template <bool kEscapes>
  void keep_if_wanted(std::string_view name, const char* value, const char* value_end, Arena& arena) {
    if constexpr (kEscapes) {
      if (name.find('\\') != std::string_view::npos) name = unescape_json(name, arena);
    }
    if ((lengths_ & length_bit(name.size())) == 0) return;
    for (const Name& wanted : names_) {
      if (!same_name(wanted.text, name)) continue;
      const bool plain = *value == '"' && (!kEscapes || find_backslash(value, value_end) == nullptr);
      slots_[wanted.slot] = plain ? Value::quoted_string(json_text::between(value + 1, value_end - 1))
                                  : Value::json(json_text::between(value, value_end));
      return;
    }
  }

  // A line that is no object: is it another value, or broken?
  template <bool kEscapes>
  JsonFailure explain(const JsonWalker<kEscapes>& failed, const char* base, std::string_view line, const char* open) {
    const char* const line_end = line.data() + line.size();
    if (open != nullptr && *open != '{') {
      JsonWalker<kEscapes> walker(base, next_, line_end);
      walker.take();
      // However deep: that it is no object is known, so the limit on records' nesting does not apply.
      const char* end =
          *open == '[' ? walker.container(open, line.size()) : walker.scalar(open, std::min(walker.here(), line_end));
      if (end != nullptr && walker.at_end()) {
        return {"not_an_object", "the line is a JSON value, but not an object"};
      }
      if (end != nullptr) walker.fail(walker.here(), "text behind the value");
      return describe(walker, line);
    }
    return describe(failed, line);
  }

  template <bool kEscapes>
  static JsonFailure describe(const JsonWalker<kEscapes>& walker, std::string_view line) {
    if (walker.error() == kTooDeep) {
      return {"too_deep", "nested deeper than " + std::to_string(kMaxDepth) + " levels"};
    }
    const std::ptrdiff_t at = std::min(walker.error_where(), line.data() + line.size()) - line.data();
    return {"invalid_json", "byte " + std::to_string(at + 1) + ": " + walker.error()};
  }

  static const std::uint32_t* skip_to(const char* base, const std::uint32_t* next, const char* line_end) {
    // Behind the last position simdjson leaves the length of the text, which no line's end is beyond.
    while (base + *next < line_end) ++next;
    return next;
  }

  std::vector<Name> names_;
  std::uint64_t lengths_ = 0;  // bit n: a wanted name has n bytes (mod 64)
  std::size_t slot_count_;
  Value* slots_ = nullptr;
  std::unique_ptr<dom_parser_implementation> parser_;
  std::size_t capacity_ = 0;
  const std::uint32_t* next_ = nullptr;
  error_code error_ = simdjson::SUCCESS;
  JsonFailure failure_;
};

JsonIndexer::JsonIndexer(const FieldTable& fields) : impl_(std::make_unique<Impl>(fields)) {}

JsonIndexer::~JsonIndexer() = default;

namespace {

// How many records from `first` on stand one behind the other in one piece of memory, with nothing but a line end in
// between, and not more than kRunBytes (but always at least one).
std::size_t run_length(const std::vector<Record>& records, std::size_t first) {
  const char* const begin = records[first].line().data();
  const char* end = begin + records[first].line().size();
  std::size_t i = first + 1;
  for (; i < records.size(); ++i) {
    const std::string_view line = records[i].line();
    const std::ptrdiff_t gap = line.data() - end;
    if (gap < 1 || gap > 2 || !is_blank(json_text::between(end, line.data()))) break;
    if (static_cast<std::size_t>(line.data() + line.size() - begin) > kRunBytes) break;
    end = line.data() + line.size();
  }
  return i - first;
}

}  // namespace

void JsonIndexer::index(std::vector<Record>& records, Arena& arena) {
  Value* slots = arena.make_array<Value>(records.size() * impl_->slot_count()).data();
  for (std::size_t first = 0; first < records.size();) {
    const std::size_t end = first + run_length(records, first);
    const char* const begin = records[first].line().data();
    const std::string_view last = records[end - 1].line();
    const std::string_view text = json_text::between(begin, last.data() + last.size());
    // A line with unbalanced quotes or a bad byte hides the structure of those behind it: one by one then.
    const bool together = impl_->find_structure(text);
    const bool escapes = together && text.find('\\') != std::string_view::npos;
    for (; first < end; ++first, slots += impl_->slot_count()) {
      Record& record = records[first];
      const bool good = together ? impl_->line(begin, record.line(), escapes, record, slots, arena)
                                 : impl_->lone_line(record.line(), record, slots, arena);
      if (!good) failures_.push_back({first, impl_->take_failure()});
    }
  }
  impl_->shrink();
}

bool JsonIndexer::index_one(std::string_view text, Record& record, Arena& arena) {
  const bool good = impl_->lone_line(text, record, arena.make_array<Value>(impl_->slot_count()).data(), arena);
  impl_->shrink();
  if (!good) failures_.push_back({0, impl_->take_failure()});
  return good;
}

bool JsonIndexer::is_valid(std::string_view text) {
  Record record;
  Arena arena;
  const std::size_t before = failures_.size();
  if (index_one(text, record, arena)) return true;
  const bool other_value = failures_.back().why.reason == "not_an_object";
  failures_.resize(before);
  return other_value;
}

bool is_valid_json(std::string_view text) {
  const FieldTable none;
  return JsonIndexer(none).is_valid(text);
}

}  // namespace sluice::record
