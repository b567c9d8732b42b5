// Reading of Mustache templates that people wrote: finds every mistake with its place and puts the partials
// in. Called by TemplateSet at load, on any thread. Kainjow's parser reports no offsets and renders unknown
// names as nothing, so a template reaches it only after passing here, rewritten in a form that leaves it
// nothing to judge.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace crier {

/// What a template may name in one scope.
struct TemplateNames {
  std::vector<std::string_view> texts;                     ///< variables; also sections, shown when not empty
  std::map<std::string_view, const TemplateNames*> lists;  ///< sections that bring names of their own
};

/// File name → its text. Partials are called "_NAME.html.mustache" or "_NAME.txt.mustache".
using TemplateFiles = std::map<std::string, std::string, std::less<>>;

/// Kainjow treats lines that hold only a section tag in its own way, which drops or adds empty lines. So such
/// lines are taken out here, and the line ends that remain travel through it as this character …
inline constexpr char hidden_line_end = '\x1E';
/// … and this one stands where a brace of the text would run into the next tag. Remove both after rendering.
inline constexpr char hidden_joint = '\x1F';

/// The text of `files[name]`, with partials of the same format in place of their tags and without comments.
/// nullopt after adding to `diagnostics`: unknown names and partials, recursion, sections that are not closed
/// or closed in the wrong order, unescaped tags and unquoted attribute values in HTML, other delimiters, an
/// expansion above 1 MB. Places are those of the file `folder`/FILE that has the mistake.
std::optional<std::string> link_template(const TemplateFiles& files, std::string_view name,
                                         const std::string& folder, const TemplateNames& names,
                                         Diagnostics& diagnostics);

}  // namespace crier
