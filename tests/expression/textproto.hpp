// A reader for protobuf's text format, as far as cel-spec's conformance files use it
// (protobuf.dev/reference/protobuf/textformat-spec).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct ProtoMessage;

// A field's value: a message, or a scalar as its text (strings unescaped, words and numbers as they stand).
struct ProtoField {
  std::string name;
  std::string scalar;
  std::unique_ptr<ProtoMessage> message;
};

struct ProtoMessage {
  std::vector<ProtoField> fields;

  bool has(std::string_view name) const { return find(name) != nullptr; }
  const ProtoField* find(std::string_view name) const;
  // The scalar of that name, or "".
  std::string text(std::string_view name) const;
  // The message of that name, or an empty one.
  const ProtoMessage& message(std::string_view name) const;
  // All fields of that name.
  std::vector<const ProtoField*> all(std::string_view name) const;
};

// Throws std::runtime_error with the line of a mistake.
ProtoMessage read_textproto(std::string_view text);

}  // namespace sluice::test
