// URL identity: the one spelling by which two addresses of the same page are recognised.
// Called by the parsers and by share links; pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crier {

/// The canonical form of an absolute http or https URL (RFC 3986 §6.2): scheme and host in lower case, no
/// default port, no fragment, "/" for an empty path, and no tracking parameters (utm_*, fbclid, gclid, dclid,
/// msclkid, mc_cid, mc_eid, igshid, yclid, _hsenc, _hsmi). Everything else stays in its place and order.
/// Characters that a URL may not hold are percent-encoded first, as browsers do. nullopt for anything else,
/// for URLs with a user name (they disguise the host) and for more than 2,048 bytes.
std::optional<std::string> canonical_url(std::string_view url);

}  // namespace crier
