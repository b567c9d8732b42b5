// Any bytes as a query: it is refused with one complaint, or its canonical text means the same.
#include <cstdlib>

#include "match/query_parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace crier;
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto rule = parse_query(query, {"rules.yaml", 1, 1}, diagnostics);
  if (rule.has_value() != diagnostics.empty()) std::abort();
  if (!rule) return 0;
  const auto canonical = to_string(*rule);
  if (canonical.size() > max_query_bytes) return 0;  // quotes and scopes may be added
  const auto again = parse_query(canonical, {}, diagnostics);
  if (!again || !(*again == *rule) || to_string(*again) != canonical) std::abort();
  if (has_positive_clause(*again) != has_positive_clause(*rule)) std::abort();
  return 0;
}
