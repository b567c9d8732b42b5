// Reading the values of headers (RFC 9110): tokens, media types, Accept, Authorization.
// Pure functions over hostile text; never throw, never look further than what they are given.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crier::http {

/// ASCII only.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// One or more of the characters of RFC 9110 §5.6.2.
bool is_token(std::string_view text);

/// "text/html" of " Text/HTML; charset=utf-8"; empty when it is no media type.
std::string media_type(std::string_view content_type);

/// The parameter `name` of `value; a=1; name="x\"y"`, unquoted; nullopt when it is not there.
std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

/// 0…1000: how much the Accept header wants `type` ("text/html"); the most specific range counts, an empty
/// header accepts all (RFC 9110 §12.5.1).
int accepted_quality(std::string_view accept, std::string_view type);

/// Whether a person's browser asks rather than a program: HTML is wanted more than JSON.
bool prefers_html(std::string_view accept);

/// The token of "Bearer xyz" (RFC 6750 §2.1); nullopt for anything else.
std::optional<std::string_view> bearer_token(std::string_view authorization);

}  // namespace crier::http
