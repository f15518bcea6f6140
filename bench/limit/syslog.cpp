// The limit of job J4: a splitter for RFC 5424, written by hand for this one job.
//   limit_syslog < in > out    keep lines with severity <= 4, write them as JSON
// It knows that the one structured data element has no escapes.
#include <array>
#include <charconv>
#include <utility>

#include "output.hpp"

namespace {

using sluice::bench::append_json;
using sluice::bench::append_name;

std::string_view until(std::string_view& rest, char stop) {
  const std::size_t size = std::min(rest.find(stop), rest.size());
  const std::string_view text = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return text;
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (text == "-") return;
  append_name(out, name);
  append_json(out, text);
}

// [id name="value" ...], in three parts.
struct Structured {
  std::string_view id;
  std::array<std::pair<std::string_view, std::string_view>, 8> parameters;
  std::size_t count = 0;
};

Structured split_structured(std::string_view& rest) {
  Structured found;
  rest.remove_prefix(1);
  std::string_view element = until(rest, ']');
  found.id = until(element, ' ');
  while (!element.empty() && found.count < found.parameters.size()) {
    auto& [name, value] = found.parameters[found.count++];
    name = until(element, '=');
    element.remove_prefix(1);
    value = until(element, '"');
    if (!element.empty()) element.remove_prefix(1);
  }
  return found;
}

void append_structured(std::string& out, const Structured& structured) {
  append_name(out, "structured_data");
  out.append("{");
  append_name(out, structured.id);
  out.append("{");
  for (std::size_t i = 0; i < structured.count; ++i) {
    append_name(out, structured.parameters[i].first);
    append_json(out, structured.parameters[i].second);
  }
  out.append("}}");
}

}  // namespace

int main() {
  constexpr std::array<std::string_view, 5> kNames = {"timestamp", "hostname", "appname", "procid", "msgid"};
  std::string out;
  sluice::bench::for_each_line(out, [&](std::string_view line, std::size_t) {
    // Split first, decide then, as J3's limit does: a filter may look at any field.
    std::string_view rest = line.substr(1);
    const std::string_view priority_text = until(rest, '>');
    int priority = 0;
    std::from_chars(priority_text.data(), priority_text.data() + priority_text.size(), priority);
    until(rest, ' ');
    std::array<std::string_view, kNames.size()> header;
    for (std::string_view& field : header) field = until(rest, ' ');
    const Structured structured = split_structured(rest);
    if (priority % 8 > 4) return;
    out.append("{");
    append_name(out, "facility");
    out.append(std::to_string(priority / 8));
    append_name(out, "severity");
    out.append(std::to_string(priority % 8));
    for (std::size_t i = 0; i < kNames.size(); ++i) append_text(out, kNames[i], header[i]);
    append_structured(out, structured);
    append_text(out, "message", rest.substr(1));
    out.append("}\n");
  });
}
