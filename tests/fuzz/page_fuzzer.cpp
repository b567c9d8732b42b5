// Any bytes read as an HTML page: a Result, never a crash, clean text in every story, and a body in which
// nothing runs.

#include <cstdlib>

#include "story/parse.hpp"
#include "support/html_check.hpp"
#include "support/parse_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crier::test::fuzz_parse("html", data, size);
  crier::ParseOptions options;
  options.format = "html";
  options.url = "https://www.example.org/world/page.html";
  const auto source = crier::parse_stories({reinterpret_cast<const char*>(data), size}, options);
  if (!source) return 0;
  for (const auto& story : source->stories)
    if (!crier::test::find_html_fault(story.body_html).empty()) std::abort();
  return 0;
}
