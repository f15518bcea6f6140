// The limit of job J5: a bare RE2 loop on one thread.
//   limit_regex < in > out    match the access log pattern with six groups, keep status 404, write them as JSON
#include <re2/re2.h>

#include <array>

#include "output.hpp"

// The pattern of job J5 in bench/jobs.
constexpr char kPattern[] =
    R"re(^(?P<client>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<method>\S+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) (?P<bytes>\d+))re";

int main() {
  const re2::RE2 pattern(kPattern);
  constexpr std::array<std::string_view, 6> kNames = {"client", "time", "method", "path", "status", "bytes"};
  std::array<re2::StringPiece, 7> groups;
  std::string out;
  sluice::bench::for_each_line(out, [&](std::string_view line, std::size_t) {
    if (!pattern.Match({line.data(), line.size()}, 0, line.size(), re2::RE2::UNANCHORED, groups.data(), 7)) return;
    if (groups[5] != "404") return;
    out.push_back('{');
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      sluice::bench::append_name(out, kNames[i]);
      sluice::bench::append_json(out, {groups[i + 1].data(), groups[i + 1].size()});
    }
    out.append("}\n");
  });
}
