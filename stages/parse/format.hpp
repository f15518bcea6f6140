// What a text format is to the parse stage: something that finds fields in a text.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::stages {

// A constant field name, ready to be written as JSON without looking at it: of `"\"status\""` the name is what stands
// between the quotes. `quoted` lives for ever.
constexpr record::Value field_name(std::string_view quoted) {
  return record::Value::quoted_string(quoted.substr(1, quoted.size() - 2));
}

// Why a text does not have a format. Without a reason it is no failure.
struct ParseFailure {
  std::string_view reason;  // a word for counting, such as "invalid_logfmt"; lives for ever
  std::string detail;       // "byte 17: expected ..."; filled only on failure, so that good records allocate nothing

  explicit operator bool() const { return !reason.empty(); }
};

// Collects the fields of one record after another in arrays of the arena, where they stay; nothing is copied, except
// the fields of one record when an array ends in the middle of it. Lives for one call of a stage.
class FieldsBuilder {
 public:
  explicit FieldsBuilder(record::Arena& arena) : arena_(arena) {}
  FieldsBuilder(const FieldsBuilder&) = delete;
  FieldsBuilder& operator=(const FieldsBuilder&) = delete;

  void add(const record::Value& name, const record::Value& value) {
    if (end_ == limit_) [[unlikely]]
      grow();
    std::construct_at(end_++, record::Field{name, value});
  }
  void add(std::string_view name, const record::Value& value) { add(record::Value::string(name), value); }

  // The fields added since the last take() or drop(); valid until the next add().
  std::span<record::Field> fields() { return {begin_, end_}; }

  // Ends a record: its fields, which live as long as the arena's content.
  std::span<record::Field> take() {
    const std::span<record::Field> taken = fields();
    begin_ = end_;
    return taken;
  }

  // Forgets the fields of the record that was begun.
  void drop() { end_ = begin_; }

 private:
  void grow();

  static constexpr std::size_t kFirst = 64;
  static constexpr std::size_t kLargest = 1024;

  record::Arena& arena_;
  record::Field* begin_ = nullptr;
  record::Field* end_ = nullptr;
  record::Field* limit_ = nullptr;
  std::size_t next_ = kFirst;
};

// A text format. Immutable: parse() is called from many threads at once.
class Format {
 public:
  virtual ~Format() = default;

  // Adds what it finds in `text` to `fields`, in the order of the text. Strings among them are parts of `text`, cut at
  // ASCII characters or at characters of valid UTF-8, or texts in `arena` that are valid UTF-8 if `text` is.
  // On failure what was added is to be forgotten.
  virtual ParseFailure parse(std::string_view text, record::Arena& arena, FieldsBuilder& fields) const = 0;

  // A sentence on which of several ways it takes to read `text`, for `sluice explain`; empty where there is but one, or
  // none that fits.
  virtual std::string which(std::string_view text) const {
    static_cast<void>(text);
    return {};
  }
};

}  // namespace sluice::stages
