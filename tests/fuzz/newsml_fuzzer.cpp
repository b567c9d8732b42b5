// Any bytes read as NewsML-G2: a Result, never a crash, and clean text in every story.

#include "support/parse_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crier::test::fuzz_parse("newsml-g2", data, size);
  return 0;
}
