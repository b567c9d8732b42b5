// Any bytes read as RSS or Atom: a Result, never a crash, and clean text in every story.

#include "support/parse_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crier::test::fuzz_parse(size % 2 == 0 ? "rss" : "atom", data, size);
  return 0;
}
