// Values that stand in the configuration.
#pragma once

#include <deque>
#include <string>

#include "config/node.hpp"
#include "record/value.hpp"

namespace sluice::stages {

// Makes values of YAML and owns their texts. A value's JSON text is made once, so that writing a record copies it and
// nothing is formatted again. Movable; values stay valid.
class Literals {
 public:
  record::Value make(const config::Node& node);

 private:
  std::deque<std::string> texts_;  // a deque: values point into it
};

}  // namespace sluice::stages
