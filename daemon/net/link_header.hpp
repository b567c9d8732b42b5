// Link headers (RFC 8288): what an answer says about other resources. Pure; input is hostile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crier {

/// One link of a Link header.
struct HttpLink {
  std::string_view target;             ///< as written, perhaps relative
  std::vector<std::string> relations;  ///< of `rel`, in lower case

  bool has(std::string_view relation) const;
};

/// A Link header (RFC 8288 §3): as many of its links as can be read, 100 at most.
std::vector<HttpLink> parse_links(std::string_view value);

}  // namespace crier
