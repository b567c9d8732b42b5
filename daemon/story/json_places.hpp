// JSON places: where the values of a JSON text stand, which Boost.JSON does not say.
// Called by story_json.cpp with text that the parser has accepted; pure, any thread. On other text the places
// are wrong, and nothing worse.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "story/reading.hpp"

namespace crier {

/// A value within a JSON text.
struct JsonSpot {
  std::size_t begin = 0;  ///< offset of its key, or of the value itself where there is none
  std::size_t value = 0;  ///< offset of the value
  TextPlace place;        ///< of `begin`
  std::string_view key;   ///< as it is written, escapes and all; empty when there is none
};

/// The value that is the whole text.
JsonSpot json_root(std::string_view text);

/// The first `limit` members of the object, or elements of the array, at `parent`; none of anything else.
std::vector<JsonSpot> json_children(std::string_view text, const JsonSpot& parent, std::size_t limit);

}  // namespace crier
