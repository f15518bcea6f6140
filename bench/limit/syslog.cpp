// The limit of job J4: a splitter for RFC 5424, written by hand for this one job.
//   limit_syslog < in > out    keep lines with severity <= 4, write them as JSON
// It knows that the one structured data element has no escapes.
#include <charconv>

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

// [id name="value" ...]
void append_structured(std::string& out, std::string_view& rest) {
  rest.remove_prefix(1);
  std::string_view element = until(rest, ']');
  append_name(out, "structured_data");
  out.append("{");
  append_name(out, until(element, ' '));
  out.append("{");
  while (!element.empty()) {
    append_name(out, until(element, '='));
    element.remove_prefix(1);
    append_json(out, until(element, '"'));
    if (!element.empty()) element.remove_prefix(1);
  }
  out.append("}}");
}

}  // namespace

int main() {
  std::string out;
  sluice::bench::for_each_line(out, [&](std::string_view line, std::size_t) {
    std::string_view rest = line.substr(1);
    const std::string_view priority_text = until(rest, '>');
    int priority = 0;
    std::from_chars(priority_text.data(), priority_text.data() + priority_text.size(), priority);
    if (priority % 8 > 4) return;
    until(rest, ' ');
    out.append("{");
    append_name(out, "facility");
    out.append(std::to_string(priority / 8));
    append_name(out, "severity");
    out.append(std::to_string(priority % 8));
    for (const std::string_view name : {"timestamp", "hostname", "appname", "procid", "msgid"}) {
      append_text(out, name, until(rest, ' '));
    }
    append_structured(out, rest);
    append_text(out, "message", rest.substr(1));
    out.append("}\n");
  });
}
