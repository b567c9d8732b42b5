// URL references: the links of pages and feeds, relative or sloppy as they are written, as absolute URLs.
// Called by the parsers; pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crier {

/// Resolves `reference` against `base` (RFC 3986 §5) the way browsers read what people write: spaces around
/// it and line ends in it go, "\" counts as "/", characters that a URL may not hold are percent-encoded. The
/// fragment stays. nullopt unless the outcome is an http or https URL with a host and without a user name, of
/// at most 2,048 bytes; also for a relative reference when `base` is not such a URL.
std::optional<std::string> resolve_url(std::string_view reference, std::string_view base);

}  // namespace crier
