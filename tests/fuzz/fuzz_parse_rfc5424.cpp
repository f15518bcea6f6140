// parse: rfc5424 on arbitrary lines.
#include "tests/support/fuzz_parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sluice::test::ParseFuzzer fuzzer("- parse: rfc5424");
  fuzzer.run(data, size);
  return 0;
}
