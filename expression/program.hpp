// A compiled expression from the inside: a tree of nodes, each with the function that evaluates it.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "expression/ast.hpp"
#include "expression/expression.hpp"
#include "record/json.hpp"
#include "record/record.hpp"
#include "record/time_zone.hpp"

namespace sluice::expression {

struct Function;
struct Node;
struct Frame;
class ConstantSet;

// Evaluates a node. An absent value means an error, which is then in the frame. The value may be of Type::json.
using Run = record::Value (*)(const Node&, Frame&);

// What a node is, for explain() and the compiler; the evaluator only needs `run`.
enum class NodeKind : std::uint8_t {
  constant,
  field,
  record,
  local,
  select,
  index,
  has,
  list,
  map,
  logical,
  negation,
  conditional,
  comparison,
  operation,
  call,
  macro,
  failure,
};

// What the evaluator reads for the hot nodes fits one cache line.
struct Node {
  Run run = nullptr;
  record::Value constant;  // constant; or the right operand of a fused node
  record::FieldKey key;    // field; select: the name
  const Node* const* children = nullptr;
  union {
    const void* extra = nullptr;
    const re2::RE2* regex;         // matches with a constant
    const ConstantSet* set;        // `in` a constant list
    const record::TimeZone* zone;  // accessor with a constant zone
  };
  const Function* function = nullptr;  // call
  NodeKind kind = NodeKind::constant;
  Op op = Op::none;
  Macro macro = Macro::all;
  bool swapped = false;  // comparison: the constant stood on the left
  bool optional = false;
  bool checked = false;         // call: the types of the arguments are known to fit
  bool test = false;            // has(...)
  std::uint16_t slot = 0;       // local, macro
  std::uint16_t variables = 0;  // macro
  std::uint32_t child_count = 0;
  std::uint32_t offset = 0;  // in the source text
  std::uint32_t length = 0;
  std::uint32_t at_offset = 0;  // of the operator or name
  std::uint32_t at_length = 0;
  const bool* optional_items = nullptr;  // list, map

  const Node& child(std::size_t i) const { return *children[i]; }
  std::span<const Node* const> all() const { return {children, child_count}; }
};

// Zones that records name at run time. At most kMost are kept.
class ZoneCache {
 public:
  // Null if there is no such zone. Thread-safe.
  std::shared_ptr<const record::TimeZone> find(std::string_view name);

 private:
  static constexpr std::size_t kMost = 700;  // more than IANA has
  std::mutex mutex_;                         // guards zones_
  std::unordered_map<std::string, std::shared_ptr<const record::TimeZone>> zones_;
};

// All that a program owns.
struct Tree {
  std::string source;
  Limits limits;
  bool plain_results = true;
  bool has_extensions = false;  // a result may hold a value of extension.hpp
  std::size_t locals = 0;       // slots for macro variables
  const Node* root = nullptr;
  record::Arena constants;
  std::deque<Node> nodes;
  std::vector<std::unique_ptr<re2::RE2>> regexes;
  std::vector<std::unique_ptr<ConstantSet>> sets;
  std::vector<std::shared_ptr<const record::TimeZone>> zones;
  mutable ZoneCache zone_cache;

  Tree();
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
};

// One evaluation.
struct Frame {
  record::Record* record;
  record::Arena* arena;
  const Tree* tree;
  record::Value* locals;
  std::uint64_t budget;
  Error error{};

  // Records an error and gives the absent value that reports it.
  [[gnu::cold, gnu::noinline]] record::Value fail(const Node& node, ErrorReason reason, const char* note = nullptr) {
    error = {reason, note, node.offset, node.length};
    return {};
  }
  // Takes `cost` from the budget; false, with an error, when there is not enough.
  bool spend(const Node& node, std::uint64_t cost) {
    if (cost > budget)
      return fail(node, ErrorReason::limit_exceeded, "the expression costs too much for this record"), false;
    budget -= cost;
    return true;
  }
};

inline record::Value run(const Node& node, Frame& frame) { return node.run(node, frame); }

// A map as records mean it: of entries with the same name only the last counts. Returns `map` itself if there are none.
record::Value without_duplicates(const record::Value& map, record::Arena& arena);
// record::resolve(), without duplicates in an object.
record::Value resolve_json(const record::Value& value, record::Arena& arena);

// The value itself where it is undecoded JSON.
inline record::Value resolved(const record::Value& value, Frame& frame) {
  return value.is(record::Type::json) ? resolve_json(value, *frame.arena) : value;
}
inline record::Value get(const Node& node, Frame& frame) { return resolved(node.run(node, frame), frame); }

// A result as records can hold it: see CompileOptions::plain_results.
record::Value plain(const record::Value& value, record::Arena& arena);

}  // namespace sluice::expression
