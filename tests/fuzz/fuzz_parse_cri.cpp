// parse: cri on arbitrary lines.
#include "tests/support/fuzz_parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sluice::test::ParseFuzzer fuzzer("- parse: cri");
  fuzzer.run(data, size);
  return 0;
}
