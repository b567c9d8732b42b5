// Any bytes as a query: it is refused with one complaint, or its canonical text means the same.
#include <cstdlib>

#include "match/query_parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace crier;
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  // Topics of some names are there; what they ask for is written out in the canonical text.
  const QueryOptions options{size % 2 == 0, [](std::string_view name) -> Result<Rule, QueryError> {
                               if (name.size() > 8) return QueryError{0, "there is no such topic"};
                               return *read_query("harbour OR ship NEAR/2 quay");
                             }};
  const auto rule = parse_query(query, {"rules.yaml", 1, 1}, diagnostics, options);
  if (rule.has_value() != diagnostics.empty()) std::abort();
  for (const auto& [topic, at] : find_topic_references(query))
    if (query.substr(at).find(topic) > 1) std::abort();
  if (!rule) return 0;
  const auto canonical = to_string(*rule);
  if (canonical.size() > max_query_bytes) return 0;  // quotes and scopes may be added
  const auto again = parse_query(canonical, {}, diagnostics);
  if (!again || !(*again == *rule) || to_string(*again) != canonical) std::abort();
  if (has_positive_clause(*again) != has_positive_clause(*rule)) std::abort();
  return 0;
}
