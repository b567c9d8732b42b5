// Fields: one named value of a story as YAML or JSON wrote it, and its way into the Story.
// Called by the parsers of formats with named fields, so that both know the same names and the same rules.
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "story/reading.hpp"
#include "story/story.hpp"

namespace crier {

// Of one story; what is beyond is left out.
constexpr std::size_t max_list_items = 100;  ///< authors, topics, …
constexpr std::size_t max_enclosures = 20;
constexpr std::size_t max_type_bytes = 255;  ///< of a media type: two names of at most 127 (RFC 6838 §4.2)

struct Field {
  enum class Kind {
    text,      ///< one value: a string or a number
    list,      ///< of strings or numbers
    nothing,   ///< null or left empty
    unusable,  ///< an object, a list within a list, an alias, …
  };

  std::string name;   ///< as it is written in the source
  std::string label;  ///< how messages name it: "stories[2].title"
  Kind kind = Kind::text;
  std::vector<std::string> values;  ///< exactly one for text
  int line = 0;                     ///< from 1; 0 = not known
  int column = 0;
};

/// Sets the member of `story` that the field names. Unknown names, wrong types and unreadable values become
/// warnings of `reading`, and the member stays absent. Error (without a place), so that the story must be
/// refused: a status or an embargo that cannot be read; guessing could publish what must not be published.
Result<void> assign_field(const Field& field, Story& story, Reading& reading);

/// Adds a heading that stands in body_text as a paragraph of its own; what is too long, too many or not one
/// tidy line is left out.
void add_heading(Story& story, const std::string& text);

/// "Jane Sample, John Sample and Ada Sample, Senior Reporter" → the three names, without roles.
std::vector<std::string> split_names(std::string_view text);

}  // namespace crier
