// Values that records do not have: types, optionals, IP addresses and networks.
//
// record::Value has no room for them, and needs none: they live inside an evaluation only. They are maps with a first
// entry whose name is absent, which no other map has; so they fit into lists and maps, are 16 bytes and trivially
// copyable. entry 0: {absent, kind}, entry 1: the content (none for optional.none()).
#pragma once

#include <cstdint>
#include <string_view>

#include "expression/types.hpp"
#include "record/arena.hpp"
#include "record/value.hpp"

namespace sluice::expression {

// Whether `value` is one of them. `value` may be anything.
inline bool is_extension(const record::Value& value) {
  return value.is(record::Type::map) && value.size() > 0 && value.fields()[0].name.is_absent();
}

// The kind of any value that is not undecoded JSON; dyn for absent and undecoded ones.
Kind kind_of(const record::Value& value);

record::Value type_value(Kind kind);  // what type(x) gives; lives as long as the process
// The Kind that a type value stands for.
Kind kind_of_type(const record::Value& value);

record::Value optional_none();
record::Value optional_of(const record::Value& value, record::Arena& arena);
// The value of an optional, absent for optional.none().
record::Value optional_content(const record::Value& optional);

// An address: 4 or 16 bytes in network order; IPv4-mapped IPv6 addresses are held as IPv4. A network has a prefix
// length as well; its host bits are kept.
struct Address {
  std::uint8_t bytes[16] = {};
  std::uint8_t size = 4;    // 4 or 16
  std::uint8_t prefix = 0;  // networks only
};
record::Value ip_value(const Address& address, record::Arena& arena);
record::Value cidr_value(const Address& network, record::Arena& arena);
Address address_of(const record::Value& value);  // of an ip or cidr value

}  // namespace sluice::expression
