// One log record: its source text, what has been located in it, and what stages changed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "record/arena.hpp"
#include "record/field_table.hpp"
#include "record/value.hpp"

namespace sluice::record {

// A record is in one of three forms.
//   line    as read: one field, `message`, which is the line.
//   json    a JSON object whose text is kept; of its fields, those of the FieldTable are located (slots). New fields
//           are kept aside and spliced in when it is written.
//   fields  a complete list of fields in order; the source text, if any, no longer matters.
// A record owns nothing: text and fields live in the batch's slab and arena, and every function that may need memory
// takes that arena. Copying a record is shallow. Not thread-safe.
class Record {
 public:
  enum class Form : std::uint8_t { line, json, fields };

  static constexpr std::string_view kMessage = "message";

  Record() = default;
  explicit Record(std::string_view line) : line_(line.data()), line_size_(static_cast<std::uint32_t>(line.size())) {}

  Form form() const { return form_; }

  // The line as the generator accepted it, without its line end; what `rejects` reports. Empty for synthetic records.
  std::string_view line() const { return {line_, line_size_}; }

  // ---- reading

  // The value of a top-level field, or an absent value. The last of several fields of one name wins. The result may be
  // of Type::json: see resolve() in record/json.hpp. Field names that are not in the FieldTable the record was
  // parsed with need find_any().
  Value find(const FieldKey& key) const {
    if (form_ == Form::json) {
      if (key.slot < slot_count_) {
        const Value& located = slots_[key.slot];
        if (!located.is_absent()) return located;
      }
      return added_count_ == 0 ? Value() : last_named(added(), key.name);
    }
    return find_in_list(key.name);
  }

  // The same for any name; may index the whole text of a JSON record first.
  Value find_any(std::string_view name, Arena& arena);

  // All fields in order. A JSON record becomes a list of fields (values stay undecoded).
  std::span<const Field> fields(Arena& arena);

  // ---- changing

  // Replaces everything by `fields` (an arena's or configuration's memory, not copied).
  void set_fields(std::span<Field> fields);
  // Makes it a JSON record: `text` is a valid JSON object, `slots` one value for each slot of the FieldTable.
  // `fills_line`: the line holds nothing but the object, and white space around it, which is then written again too.
  enum class Place : bool { anywhere, fills_line };
  void set_json(std::string_view text, std::span<const Value> slots, Place place = Place::anywhere) {
    form_ = Form::json;
    place_ = place;
    text_ = text.data(), text_size_ = static_cast<std::uint32_t>(text.size());
    slots_ = slots.data(), slot_count_ = static_cast<std::uint16_t>(slots.size());
    added_ = nullptr, added_count_ = 0, added_capacity_ = 0;
  }
  // Sets a field: in its place if there is one of that name, else at the end. The key must be in the FieldTable.
  void set(const FieldKey& key, const Value& value, Arena& arena);
  // Removes every field of that name; false if there was none.
  bool remove(const FieldKey& key, Arena& arena);
  // Makes a copy of a record independent of the record it was copied from: without it, a change of one may show in the
  // other. `arena` belongs to the batch of this record.
  void unshare(Arena& arena);
  // Gives a field another name, in its place; a field that had the new name before is removed. False if `from` is
  // absent.
  bool rename(const FieldKey& from, const FieldKey& to, Arena& arena);

  // ---- for writers

  // Form::json: the object's text, from `{` to `}`, and what is to be added before the closing brace.
  std::string_view json_text() const { return {text_, text_size_}; }
  std::span<const Field> added() const { return {added_, added_count_}; }
  // Form::json: what to write for an object that nobody changed.
  std::string_view unchanged_text() const { return place_ == Place::fills_line ? line() : json_text(); }

 private:
  static Value last_named(std::span<const Field> fields, std::string_view name);
  Value find_in_list(std::string_view name) const;
  void become_fields(Arena& arena);
  void append(Value name, const Value& value, Arena& arena);

  const char* line_ = nullptr;
  const char* text_ = nullptr;    // json
  const Value* slots_ = nullptr;  // json
  Field* added_ = nullptr;        // json: added fields; fields: all fields
  std::uint32_t line_size_ = 0;
  std::uint32_t text_size_ = 0;
  std::uint32_t added_count_ = 0;
  std::uint32_t added_capacity_ = 0;
  std::uint16_t slot_count_ = 0;
  Form form_ = Form::line;
  Place place_ = Place::anywhere;
};

}  // namespace sluice::record
