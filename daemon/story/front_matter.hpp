// Front matter: the block of YAML or TOML that opens a Markdown story.
// Called by markdown.cpp; pure, any thread. YAML is read as events, so aliases cannot multiply and depth
// costs nothing.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "story/fields.hpp"

namespace crier {

constexpr std::size_t max_front_matter_bytes = 64U << 10;

/// By which a mapping names what it stands for, the first that it has: "author: {name: …}", "cover: {image:
/// …}".
constexpr std::array<std::string_view, 6> naming_keys{"name", "title", "url", "src", "image", "path"};

struct SplitMarkdown {
  std::string_view matter;  ///< between the fence that opens the text and the closing one
  int lines_before = 1;     ///< up to the opening fence; blank lines may stand before it
  std::string_view body;
  bool is_toml = false;  ///< its fence is "+++"; YAML's is "---", and may be closed by "..."
};

/// A fence, and under it, past blank lines and comments, a name. A page may draw a line like that, too.
bool has_front_matter(std::string_view text);

/// nullopt when the text does not open with front matter, or never closes it.
std::optional<SplitMarkdown> split_front_matter(std::string_view text);

/// The top-level names and values, in their order, with their places in the whole file. Error with line and
/// column: broken YAML or TOML, not a mapping, a name twice, or more than max_front_matter_bytes.
Result<std::vector<Field>> read_front_matter(const SplitMarkdown& split, const Reading& reading);
Result<std::vector<Field>> read_toml_front_matter(const SplitMarkdown& split, const Reading& reading);

}  // namespace crier
