// parse: regex on arbitrary lines.
#include "tests/support/fuzz_parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sluice::test::ParseFuzzer fuzzer(
      R"(- parse: {format: regex, pattern: '^(?P<a>\S+) (?P<b>.*?)(?: (?P<c>\d+))?$'})");
  fuzzer.run(data, size);
  return 0;
}
