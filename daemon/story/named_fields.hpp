// Named fields: what stands over a story in Markdown and plain text, as front matter or as lines of names and
// values, on its way into the Story.
// Called by markdown.cpp and page_text.cpp; pure, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "story/fields.hpp"
#include "story/reading.hpp"

namespace crier {

/// Assigns all of them, also under the names that site generators (Jekyll, Hugo, Pelican, Eleventy) have for
/// them, in any case. What holds a story back (`draft`, `published: false`, a status of drafts) wins over
/// what releases it, wherever it stands. Error with its place: such a value that cannot be read, a name
/// twice.
Result<void> assign_named_fields(std::vector<Field> fields, Story& story, FieldPlaces& places,
                                 Reading& reading);

struct OpenFields {
  std::vector<Field> fields;  ///< empty when the text does not plainly begin so
  std::string_view body;
};

/// "Title: …", "Date: …" at the top of a text, up to the first blank line.
OpenFields take_open_fields(std::string_view text);

}  // namespace crier
