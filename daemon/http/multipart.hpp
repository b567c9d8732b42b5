// Multipart bodies (RFC 2046 §5.1, RFC 7578): one body of several parts. Pure; input is hostile.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"

namespace crier::http {

struct BodyPart {
  Headers headers;           ///< those that are valid; others are left out
  std::string_view content;  ///< points into the body
};

/// The parts of `body`, in their order; the boundary is a parameter of `content_type`. Errors: no boundary,
/// parts that do not end, a part without the end of its headers, more than 100 parts.
Result<std::vector<BodyPart>> parse_multipart(std::string_view content_type, std::string_view body);

/// What a part is called by its Content-Disposition ("name"); empty = not said.
std::string part_name(const BodyPart& part);

}  // namespace crier::http
