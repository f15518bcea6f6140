// The limit of jobs J1 and J2: bare simdjson in one loop on one thread, made for this one job.
//   limit_json filter < in > out    keep lines with level == "error", add one field
//   limit_json add < in > out       keep all lines, add one field
// Walks every field of every line, as a program must that wants each line validated.
#include <simdjson.h>

#include "output.hpp"

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kAddition = ",\"dc\":\"fra1\"}\n";

// Reads every value; true if the line's level is "error".
bool walk(ondemand::parser& parser, std::string_view line, std::size_t room) {
  ondemand::document document;
  if (parser.iterate(line.data(), line.size(), room).get(document) != simdjson::SUCCESS) std::exit(1);
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) std::exit(1);
  bool matches = false;
  for (auto field : object) {
    ondemand::value value = field.value();
    switch (value.type()) {
      case ondemand::json_type::string: {
        const std::string_view text = value.get_string();
        if (field.key() == "level") matches = text == "error";
        break;
      }
      case ondemand::json_type::number:
        (void)value.get_number().value();
        break;
      default:
        (void)value.raw_json_token();
        break;
    }
  }
  return matches;
}

}  // namespace

int main(int argc, char** argv) {
  const bool filter = argc > 1 && std::string_view(argv[1]) == "filter";
  ondemand::parser parser;
  std::string out;
  sluice::bench::for_each_line(out, [&](std::string_view line, std::size_t room) {
    if (!walk(parser, line, room) && filter) return;
    out.append(line.substr(0, line.size() - 1));
    out.append(kAddition);
  });
}
