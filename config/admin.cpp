#include "config/admin.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "config/text.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t kMostTokenBytes = 4096;

// The numeric address without brackets, or nothing.
std::optional<std::string> numeric_host(std::string_view host) {
  const bool brackets = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  const std::string text(brackets ? host.substr(1, host.size() - 2) : host);
  if (text == "localhost") return "127.0.0.1";
  in6_addr address{};  // large enough for both families
  const int family = brackets ? AF_INET6 : AF_INET;
  if (inet_pton(family, text.c_str(), &address) != 1) return std::nullopt;
  return text;
}

bool is_loopback(const Admin& admin) { return admin.address == "::1" || admin.address.starts_with("127."); }

// What may stand in a header after `Bearer `.
bool is_sendable(std::string_view token) {
  return std::ranges::all_of(token, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::optional<std::string> read_token_file(const Value& option, Diagnostics& diagnostics) {
  std::ifstream file(option.string(), std::ios::binary);
  std::string text(kMostTokenBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (!file.is_open() || file.bad() || text.size() > kMostTokenBytes) {
    diagnostics.error(option.location(), "`admin`: the token cannot be read from " + quote(option.string()),
                      "it must be a file that sluice may read, with the token on its only line", option.node().span());
    return std::nullopt;
  }
  return text;
}

// The token of the long form; none if it has none, or a bad one.
std::string read_token(const Settings& settings, Diagnostics& diagnostics) {
  const bool from_file = settings.has("token_file");
  if (!from_file && !settings.has("token")) return {};
  const Value& option = settings.value(from_file ? "token_file" : "token");
  std::optional<std::string> token = from_file ? read_token_file(option, diagnostics) : option.string();
  if (!token) return {};
  if (!token->empty() && is_sendable(*token)) return std::move(*token);
  // The token itself must not get into a log, so the line is named and not shown.
  const Location place = option.location();
  diagnostics.error({place.file, 0, 0},
                    fmt::format("line {}: `admin`: the token is {}", place.line,
                                token->empty() ? "empty" : "not plain ASCII without spaces"),
                    "make one with `openssl rand -hex 24`");
  return {};
}

Admin parse(const Value& value, Diagnostics& diagnostics) {
  Admin admin = parse_admin_address(value.string());
  if (admin.kind == Admin::Kind::off) {
    diagnostics.error(value.location(), "`admin`: expected a path or `127.0.0.1:PORT`, found " + quote(value.string()),
                      "a path holds a `/`, such as `/run/sluice/admin.sock`", value.node().span());
  }
  return admin;
}

}  // namespace

Admin parse_admin_address(std::string_view text) {
  Admin admin;
  if (text.find('/') != std::string_view::npos) {
    admin.kind = Admin::Kind::unix_socket;
    admin.address = text;
    return admin;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return admin;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), admin.port);
  const std::optional<std::string> host = numeric_host(text.substr(0, colon));
  if (!host || problem != std::errc() || end != digits.data() + digits.size()) return admin;
  admin.kind = Admin::Kind::tcp;
  admin.address = *host;
  return admin;
}

Admin read_admin(const Value& value, Diagnostics& diagnostics) {
  const bool is_long = value.type() == Type::mapping;
  if (is_long && !value.section().contains("listen")) return {};  // reported: it is required
  const Value& listen = is_long ? value.section().value("listen") : value;
  Admin admin = parse(listen, diagnostics);
  admin.location = value.location();
  if (is_long) admin.token = read_token(value.section(), diagnostics);
  if (is_long) admin.token_file = value.section().string("token_file");
  const bool asks_for_token = is_long && (value.section().has("token") || value.section().has("token_file"));
  if (admin.kind == Admin::Kind::tcp && !is_loopback(admin) && !asks_for_token) {
    diagnostics.error(listen.location(),
                      "`admin`: " + quote(listen.string()) + " can be reached from other machines, and has no token",
                      "write `admin: {listen: \"" + listen.string() +
                          "\", token_file: PATH}`, or listen on 127.0.0.1 or a unix socket",
                      listen.node().span());
  }
  return admin;
}

std::string to_string(const Admin& admin) {
  if (admin.kind == Admin::Kind::unix_socket) return admin.address;
  if (admin.kind == Admin::Kind::off) return "off";
  const bool v6 = admin.address.find(':') != std::string::npos;
  return (v6 ? "[" + admin.address + "]" : admin.address) + ":" + std::to_string(admin.port);
}

}  // namespace sluice::config
