// Any bytes cleaned as HTML: nothing but listed markup comes out, and cleaning it again changes nothing.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/encoding.hpp"
#include "story/html.hpp"
#include "support/html_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view base = "https://example.org/a/b";
  const auto source = crier::repair_utf8({reinterpret_cast<const char*>(data), size});
  const auto clean = crier::clean_html(source, base);
  const auto fault = crier::test::find_html_fault(clean.html);
  const auto again = crier::clean_html(clean.html, base);
  if (!fault.empty() || again.html != clean.html || !crier::is_valid_utf8(clean.html + clean.text)) {
    std::fprintf(stderr, "%s\nonce:  %s\nagain: %s\n", fault.c_str(), clean.html.c_str(), again.html.c_str());
    std::abort();
  }
  return 0;
}
