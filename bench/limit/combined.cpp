// The limit of job J3: a splitter for the combined log format, written by hand for this one job.
//   limit_combined < in > out    keep lines with status >= 400, write them as JSON
#include <array>
#include <charconv>

#include "output.hpp"

namespace {

using sluice::bench::append_json;
using sluice::bench::append_name;

struct Fields {
  std::string_view client, ident, user, time, method, path, protocol, status, bytes, referer, agent;
};

// The text up to `stop`, which is taken too.
std::string_view until(std::string_view& rest, char stop) {
  const void* at = std::memchr(rest.data(), stop, rest.size());
  const std::size_t size =
      at == nullptr ? rest.size() : static_cast<std::size_t>(static_cast<const char*>(at) - rest.data());
  const std::string_view text = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return text;
}

void skip(std::string_view& rest, std::size_t count) { rest.remove_prefix(std::min(count, rest.size())); }

Fields split(std::string_view rest) {
  Fields f;
  f.client = until(rest, ' ');
  f.ident = until(rest, ' ');
  f.user = until(rest, ' ');
  skip(rest, 1);
  f.time = until(rest, ']');
  skip(rest, 2);
  f.method = until(rest, ' ');
  f.path = until(rest, ' ');
  f.protocol = until(rest, '"');
  skip(rest, 1);
  f.status = until(rest, ' ');
  f.bytes = until(rest, ' ');
  skip(rest, 1);
  f.referer = until(rest, '"');
  skip(rest, 2);
  f.agent = until(rest, '"');
  return f;
}

// 24/Nov/2026:21:59:59 +0000 as RFC 3339; the limit does not look at the zone.
void append_time(std::string& out, std::string_view t) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t month = kMonths.find(t.substr(3, 3)) / 3 + 1;
  out.push_back('"');
  out.append(t.substr(7, 4));
  out.push_back('-');
  out.push_back(static_cast<char>('0' + month / 10));
  out.push_back(static_cast<char>('0' + month % 10));
  out.push_back('-');
  out.append(t.substr(0, 2));
  out.push_back('T');
  out.append(t.substr(12, 8));
  out.append("Z\"");
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (text == "-") return;
  append_name(out, name);
  append_json(out, text);
}

}  // namespace

int main() {
  std::string out;
  sluice::bench::for_each_line(out, [&](std::string_view line, std::size_t) {
    const Fields f = split(line);
    int status = 0;
    std::from_chars(f.status.data(), f.status.data() + f.status.size(), status);
    if (status < 400) return;
    out.push_back('{');
    append_text(out, "client_ip", f.client);
    append_text(out, "ident", f.ident);
    append_text(out, "user", f.user);
    append_name(out, "time");
    append_time(out, f.time);
    append_text(out, "method", f.method);
    append_text(out, "path", f.path);
    append_text(out, "protocol", f.protocol);
    append_name(out, "status");
    out.append(f.status);
    append_name(out, "bytes");
    out.append(f.bytes);
    append_text(out, "referer", f.referer);
    append_text(out, "user_agent", f.agent);
    out.append("}\n");
  });
}
