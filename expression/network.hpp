// IP addresses and networks, as Kubernetes' CEL library takes them (k8s.io/apiserver/pkg/cel/library/{ip,cidr}.go).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "expression/extension.hpp"

namespace sluice::expression {

// Dotted decimal without leading zeros, or the forms of RFC 4291 section 2.2 without zone and without an IPv4 part.
// `why` is set to what is wrong.
std::optional<Address> parse_address(std::string_view text, const char*& why);
// address "/" prefix length
std::optional<Address> parse_network(std::string_view text, const char*& why);

// RFC 5952: lower case, the longest run of zero groups as `::`.
std::string address_text(const Address& address);
std::string network_text(const Address& network);

// The network with its host bits zero.
Address masked(Address network);
bool contains_address(const Address& network, const Address& address);
bool contains_network(const Address& network, const Address& other);

bool is_unspecified(const Address& address);
bool is_loopback(const Address& address);
bool is_link_local_unicast(const Address& address);
bool is_link_local_multicast(const Address& address);
bool is_global_unicast(const Address& address);

}  // namespace sluice::expression
