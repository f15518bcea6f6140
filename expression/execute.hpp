// The run functions of the evaluator, by the kind of node that the compiler makes.
#pragma once

#include "expression/ast.hpp"
#include "expression/program.hpp"

namespace sluice::expression {

// execute.cpp
namespace execute {
record::Value constant(const Node& node, Frame& frame);
record::Value field(const Node& node, Frame& frame);           // key
record::Value optional_field(const Node& node, Frame& frame);  // key
record::Value has_field(const Node& node, Frame& frame);       // key
record::Value whole_record(const Node& node, Frame& frame);
record::Value record_index(const Node& node, Frame& frame);  // child: name
record::Value in_record(const Node& node, Frame& frame);     // child: name
record::Value local(const Node& node, Frame& frame);         // slot
record::Value select(const Node& node, Frame& frame);        // child, key.name, optional, test
record::Value index(const Node& node, Frame& frame);         // children: container, key; optional
record::Value list(const Node& node, Frame& frame);
record::Value map(const Node& node, Frame& frame);
record::Value logical_and(const Node& node, Frame& frame);
record::Value logical_or(const Node& node, Frame& frame);
record::Value logical_not(const Node& node, Frame& frame);
record::Value conditional(const Node& node, Frame& frame);
record::Value in(const Node& node, Frame& frame);  // children: value, container
record::Value call(const Node& node, Frame& frame);
record::Value lazy_call(const Node& node, Frame& frame);
record::Value failure(const Node& node, Frame& frame);  // a name or function that does not exist
}  // namespace execute

// execute_macros.cpp; children: range, [condition,] body
Run macro_run(Macro macro);

// execute_fused.cpp: an operand and a constant in one node. The operand is a field (`key`) or the first child.
Run compare_constant_run(Op op, const record::Value& constant, bool field);
enum class TextTest : std::uint8_t { equals, starts_with, ends_with, contains };
Run text_test_run(TextTest test, bool field);  // constant: the text
Run regex_run(bool field);                     // regex
Run in_set_run(bool field);                    // set

}  // namespace sluice::expression
