// Kubernetes' ip and cidr functions (kubernetes.io: "Common Expression Language in Kubernetes", IP address and CIDR
// library).
#include "expression/functions.hpp"
#include "expression/network.hpp"
#include "expression/values.hpp"

namespace sluice::expression {

using record::Type;
using record::Value;

namespace {

Value to_ip(const Call& call) {
  const char* why = nullptr;
  const auto address = parse_address(call[0].text(), why);
  return address ? ip_value(*address, call.arena()) : call.fail(ErrorReason::invalid_argument, why);
}
Value is_ip(const Call& call) {
  const char* why = nullptr;
  return Value::boolean(parse_address(call[0].text(), why).has_value());
}
Value is_canonical(const Call& call) {
  const char* why = nullptr;
  const auto address = parse_address(call[0].text(), why);
  if (!address) return call.fail(ErrorReason::invalid_argument, why);
  return Value::boolean(address_text(*address) == call[0].text());
}
Value to_cidr(const Call& call) {
  const char* why = nullptr;
  const auto network = parse_network(call[0].text(), why);
  return network ? cidr_value(*network, call.arena()) : call.fail(ErrorReason::invalid_argument, why);
}
Value is_cidr(const Call& call) {
  const char* why = nullptr;
  return Value::boolean(parse_network(call[0].text(), why).has_value());
}

Value family(const Call& call) { return Value::int64(address_of(call[0]).size == 4 ? 4 : 6); }
template <bool (*Test)(const Address&)>
Value test(const Call& call) {
  return Value::boolean(Test(address_of(call[0])));
}

Value contains_ip(const Call& call) {
  if (!call[1].is(Type::string)) return Value::boolean(contains_address(address_of(call[0]), address_of(call[1])));
  const char* why = nullptr;
  const auto address = parse_address(call[1].text(), why);
  if (!address) return call.fail(ErrorReason::invalid_argument, why);
  return Value::boolean(contains_address(address_of(call[0]), *address));
}
Value contains_cidr(const Call& call) {
  if (!call[1].is(Type::string)) return Value::boolean(contains_network(address_of(call[0]), address_of(call[1])));
  const char* why = nullptr;
  const auto network = parse_network(call[1].text(), why);
  if (!network) return call.fail(ErrorReason::invalid_argument, why);
  return Value::boolean(contains_network(address_of(call[0]), *network));
}
Value network_ip(const Call& call) {
  Address address = address_of(call[0]);
  address.prefix = 0;
  return ip_value(address, call.arena());
}
Value network_masked(const Call& call) { return cidr_value(masked(address_of(call[0])), call.arena()); }
Value prefix_length(const Call& call) { return Value::int64(address_of(call[0]).prefix); }

using enum Kind;
constexpr Overload kIp[] = {overload(ip, string)};
constexpr Overload kCidr[] = {overload(cidr, string)};
constexpr Overload kTextTest[] = {overload(boolean, string)};
constexpr Overload kFamily[] = {overload(int64, ip)};
constexpr Overload kTest[] = {overload(boolean, ip)};
constexpr Overload kContainsIp[] = {overload(boolean, cidr, ip), overload(boolean, cidr, string)};
constexpr Overload kContainsCidr[] = {overload(boolean, cidr, cidr), overload(boolean, cidr, string)};
constexpr Overload kNetworkIp[] = {overload(ip, cidr)};
constexpr Overload kMasked[] = {overload(cidr, cidr)};
constexpr Overload kPrefix[] = {overload(int64, cidr)};

constexpr Function kFunctions[] = {
    {"ip", false, to_ip, kIp, false, false, "an IPv4 or IPv6 address from its text"},
    {"isIP", false, is_ip, kTextTest, false, false, "whether the text is an address"},
    {"ip.isCanonical", false, is_canonical, kTextTest, false, false,
     "whether an address is written as RFC 5952 has it"},
    {"cidr", false, to_cidr, kCidr, false, false, "a network from its text: cidr(\"10.0.0.0/8\")"},
    {"isCIDR", false, is_cidr, kTextTest, false, false, "whether the text is a network"},
    {"family", true, family, kFamily, false, false, "4 or 6"},
    {"isUnspecified", true, test<is_unspecified>, kTest, false, false, "0.0.0.0 or ::"},
    {"isLoopback", true, test<is_loopback>, kTest, false, false, "127.0.0.0/8 or ::1"},
    {"isLinkLocalUnicast", true, test<is_link_local_unicast>, kTest, false, false, "169.254.0.0/16 or fe80::/10"},
    {"isLinkLocalMulticast", true, test<is_link_local_multicast>, kTest, false, false, "224.0.0.0/24 or ff02::/16"},
    {"isGlobalUnicast", true, test<is_global_unicast>, kTest, false, false,
     "none of the special ones; private ones count"},
    {"containsIP", true, contains_ip, kContainsIp, false, false, "whether the address lies in the network"},
    {"containsCIDR", true, contains_cidr, kContainsCidr, false, false, "whether the network lies in the network"},
    {"ip", true, network_ip, kNetworkIp, false, false, "the address of a network"},
    {"masked", true, network_masked, kMasked, false, false, "the network with its host bits zero"},
    {"prefixLength", true, prefix_length, kPrefix, false, false, "the length of the network's prefix"},
};

}  // namespace

std::span<const Function> network_functions() { return kFunctions; }

}  // namespace sluice::expression
