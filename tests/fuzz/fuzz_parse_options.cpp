// Conversions (`types`, `time`, `into`, `keep_raw`) of arbitrary values.
#include "tests/support/fuzz_parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sluice::test::ParseFuzzer fuzzer(
      "- parse: {format: logfmt, into: x, keep_raw: true, time: {field: at}, types: {i: int, u: uint, d: double, b: "
      "bool, "
      "l: duration, t: timestamp, a: auto, s: string}}");
  fuzzer.run(data, size);
  return 0;
}
