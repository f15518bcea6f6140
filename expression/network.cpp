#include "expression/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sluice::expression {

namespace {

bool all_zero(const std::uint8_t* from, const std::uint8_t* to) {
  return std::all_of(from, to, [](std::uint8_t byte) { return byte == 0; });
}

bool is_mapped(const Address& address) {  // ::ffff:0:0/96
  return address.size == 16 && all_zero(address.bytes, address.bytes + 10) && address.bytes[10] == 0xff &&
         address.bytes[11] == 0xff;
}

std::optional<Address> parse_bytes(std::string_view text, const char*& why) {
  constexpr std::size_t kLongest = 45;
  char terminated[kLongest + 1];
  why = "it is not an IP address";
  if (text.empty() || text.size() > kLongest || text.find('\0') != std::string_view::npos) return std::nullopt;
  if (text.find('%') != std::string_view::npos) return why = "an address with a zone is not allowed", std::nullopt;
  const bool has_colon = text.find(':') != std::string_view::npos;
  if (has_colon && text.find('.') != std::string_view::npos) {
    return why = "an IPv4 address inside an IPv6 address is not allowed", std::nullopt;
  }
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  Address address;
  address.size = has_colon ? 16 : 4;
  if (inet_pton(has_colon ? AF_INET6 : AF_INET, terminated, address.bytes) != 1) return std::nullopt;
  return address;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text, const char*& why) {
  std::optional<Address> address = parse_bytes(text, why);
  if (address && is_mapped(*address)) {
    std::memmove(address->bytes, address->bytes + 12, 4);
    std::memset(address->bytes + 4, 0, 12);
    address->size = 4;
  }
  return address;
}

std::optional<Address> parse_network(std::string_view text, const char*& why) {
  const std::size_t slash = text.find('/');
  why = "it is not a network: an address, `/` and a prefix length";
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  unsigned prefix = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    prefix = prefix * 10 + static_cast<unsigned>(c - '0');
  }
  std::optional<Address> network = parse_bytes(text.substr(0, slash), why);
  if (!network) return std::nullopt;
  if (is_mapped(*network)) return why = "an IPv4 address inside an IPv6 network is not allowed", std::nullopt;
  if (prefix > network->size * 8U) return why = "the prefix is longer than the address", std::nullopt;
  network->prefix = static_cast<std::uint8_t>(prefix);
  return network;
}

std::string address_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.bytes, text, sizeof text);
  return text;
}

std::string network_text(const Address& network) {
  return address_text(network) + '/' + std::to_string(network.prefix);
}

Address masked(Address network) {
  for (unsigned i = 0; i < network.size; ++i) {
    const int bits = std::clamp(static_cast<int>(network.prefix) - static_cast<int>(i) * 8, 0, 8);
    network.bytes[i] = static_cast<std::uint8_t>(network.bytes[i] & (0xff00U >> bits));
  }
  return network;
}

bool contains_address(const Address& network, const Address& address) {
  if (network.size != address.size) return false;
  Address other = address;
  other.prefix = network.prefix;
  return std::memcmp(masked(network).bytes, masked(other).bytes, network.size) == 0;
}

bool contains_network(const Address& network, const Address& other) {
  return other.prefix >= network.prefix && contains_address(network, other);
}

bool is_unspecified(const Address& a) { return all_zero(a.bytes, a.bytes + a.size); }

bool is_loopback(const Address& a) {
  if (a.size == 4) return a.bytes[0] == 127;
  return all_zero(a.bytes, a.bytes + 15) && a.bytes[15] == 1;
}

bool is_link_local_unicast(const Address& a) {
  if (a.size == 4) return a.bytes[0] == 169 && a.bytes[1] == 254;
  return a.bytes[0] == 0xfe && (a.bytes[1] & 0xc0) == 0x80;
}

bool is_link_local_multicast(const Address& a) {
  if (a.size == 4) return a.bytes[0] == 224 && a.bytes[1] == 0 && a.bytes[2] == 0;
  return a.bytes[0] == 0xff && (a.bytes[1] & 0x0f) == 0x02;
}

bool is_global_unicast(const Address& a) {
  const bool broadcast = a.size == 4 && std::all_of(a.bytes, a.bytes + 4, [](std::uint8_t b) { return b == 255; });
  const bool multicast = a.size == 4 ? (a.bytes[0] & 0xf0) == 0xe0 : a.bytes[0] == 0xff;
  return !broadcast && !multicast && !is_unspecified(a) && !is_loopback(a) && !is_link_local_unicast(a);
}

}  // namespace sluice::expression
