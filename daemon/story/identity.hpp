// Identity: the id under which every version of a story is known.
// Called once per parsed story; pure, any thread. The same story read again gets the same id.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "story/story.hpp"

namespace crier {

constexpr std::size_t max_id_bytes = 512;

/// The story's own id when it has one, kept as it is (callers percent-encode it in URLs and file names);
/// else one made of its canonical URL: "example-org-world-summit-1f9a3c55d0e2", the readable part for people
/// and twelve hex digits of the URL's SHA-256 to tell pages apart; else the slug of its title and the UTC
/// date it was published, when known: "summit-ends-2023-10-18". Made ids are letters, digits and hyphens.
/// Error: neither id, URL nor title; or an own id of more than max_id_bytes, with control characters, or of
/// one or two dots alone.
Result<std::string> identify(const Story& story);

/// The id of a feed's story: with the source's name before it, because whatever a feed uses as ids may be, by
/// chance or not, what others use. What gets longer than max_id_bytes so is named by its SHA-256.
std::string id_of_source(std::string_view source, std::string_view id);

/// The id of a story that a feed lists without id, URL and title: "item-" and twelve hex digits of its
/// content's hash. It changes with the content.
std::string id_by_content(const Story& story);

}  // namespace crier
