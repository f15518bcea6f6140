// A free YAML value: what an option of the type `any` holds, and what files are read into before they are checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/source.hpp"

namespace sluice::config {

// Where a node stands in its source, and for a scalar, where each byte of its value came from.
struct Origin {
  SourcePointer source;
  std::size_t begin = 0;  // offsets into the source: the node's text, quotes included
  std::size_t end = 0;
  std::vector<std::uint32_t> bytes;  // for byte i of the value, its offset in the source; empty when not known
};

// An ordered tree of scalars, lists and maps, typed by YAML 1.2's core schema (section 10.3.2): a plain scalar is null,
// bool, int or float if it looks like one, else a string; a quoted or block scalar is always a string. Copies are deep
// but share origins. Immutable after loading, so readable by many threads.
class Node {
 public:
  enum class Kind { null, boolean, integer, unsigned_integer, number, string, list, map };
  struct Member;

  Node() = default;
  // A scalar typed by its text, as if it were written plain.
  static Node plain(std::string text, std::shared_ptr<const Origin> origin = nullptr);
  static Node quoted(std::string text, std::shared_ptr<const Origin> origin = nullptr);
  static Node list(std::vector<Node> items, std::shared_ptr<const Origin> origin = nullptr);
  static Node map(std::vector<Member> members, std::shared_ptr<const Origin> origin = nullptr);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ != Kind::list && kind_ != Kind::map; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_map() const { return kind_ == Kind::map; }
  // Written in quotes or as a block, hence a string whatever it looks like.
  bool is_quoted() const { return quoted_; }
  // A ${variable} had a part in the text. Inside `{}` such a scalar must be quoted, so options of numbers and booleans
  // take it by its text all the same.
  bool is_substituted() const { return substituted_; }
  void mark_substituted() { substituted_ = true; }

  // Each getter answers for its own kind and gives zero (false, empty) for the others; number() also reads integers.
  bool boolean() const;
  std::int64_t integer() const;
  std::uint64_t unsigned_integer() const;  // for values above the range of int64
  double number() const;
  // The text of any scalar, as written (after substitution).
  const std::string& text() const { return text_; }
  const std::vector<Node>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }
  std::vector<Node>& items() { return items_; }
  std::vector<Member>& members() { return members_; }

  // The value of a key; null pointer when this is no map or has no such key.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);

  const std::shared_ptr<const Origin>& origin() const { return origin_; }
  Location location() const;
  // The place of byte `offset` of the scalar's value, through quotes, escapes, folded lines and substitutions; exact
  // except where one byte came from a ${substitution}, which is located at its `$`.
  Location location(std::size_t offset) const;
  // Characters that the node takes in its source, up to the end of its first line; at least 1.
  std::size_t span() const;

  // "null", "a boolean", "an integer", "a number", "a string", "a list", "a mapping": for messages.
  std::string_view kind_name() const;

 private:
  Kind kind_ = Kind::null;
  bool quoted_ = false;
  bool substituted_ = false;
  std::string text_;
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double> scalar_;
  std::vector<Node> items_;
  std::vector<Member> members_;
  std::shared_ptr<const Origin> origin_;
};

// One key of a map with its value; the key's own place is kept for messages about unknown keys.
struct Node::Member {
  std::string key;
  Node value;
  std::shared_ptr<const Origin> key_origin;

  Location key_location() const;
  std::size_t key_span() const;
};

}  // namespace sluice::config
