// HTML tags: what crier knows of each element, and by which number it is compared.
// Used by the HTML tree and its readers alone; constants, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace crier::html {

/// An index into known_tags; names that are not there get the numbers after it, per tree.
using Tag = std::uint16_t;

enum Trait : std::uint16_t {
  is_block = 1,      ///< begins and ends a line; closes an open paragraph
  is_void = 2,       ///< has no content and no end tag
  is_raw = 4,        ///< its content is text without markup
  is_escapable = 8,  ///< like raw, but character references count
  is_dropped = 16,   ///< nothing of it is for readers
  is_heading = 32,
  is_head = 64,         ///< belongs into <head>
  is_foreign = 128,     ///< svg, math
  is_formatting = 256,  ///< bold and the like: closed by its end tag across other inline elements
  is_cell = 512,
  is_row_group = 1024,
  is_list = 2048,
};

struct KnownTag {
  std::string_view name;
  std::uint16_t traits;
  std::string_view written;  ///< the element that cleaned HTML has in its place; empty = its content alone
};

// Blocks are written as <div> when readers gain nothing by their own name.
inline constexpr std::array known_tags{
    KnownTag{"#text", 0, ""},
    KnownTag{"#root", 0, ""},
    KnownTag{"a", 0, "a"},
    KnownTag{"abbr", 0, "abbr"},
    KnownTag{"acronym", 0, "abbr"},
    KnownTag{"address", is_block, "div"},
    KnownTag{"applet", is_dropped, ""},
    KnownTag{"area", is_void, ""},
    KnownTag{"article", is_block, "div"},
    KnownTag{"aside", is_block, "div"},
    KnownTag{"audio", is_dropped, ""},
    KnownTag{"b", is_formatting, "b"},
    KnownTag{"base", is_void | is_head, ""},
    KnownTag{"bdi", 0, "bdi"},
    KnownTag{"bdo", 0, "bdo"},
    KnownTag{"bgsound", is_void, ""},
    KnownTag{"blockquote", is_block, "blockquote"},
    KnownTag{"body", is_block, ""},
    KnownTag{"br", is_void, "br"},
    KnownTag{"button", 0, ""},
    KnownTag{"canvas", is_dropped, ""},
    KnownTag{"caption", is_block | is_cell, "caption"},
    KnownTag{"center", is_block, "div"},
    KnownTag{"cite", 0, "cite"},
    KnownTag{"code", is_formatting, "code"},
    KnownTag{"col", is_void, ""},
    KnownTag{"colgroup", is_dropped, ""},
    KnownTag{"datalist", is_dropped, ""},
    KnownTag{"dd", is_block, "dd"},
    KnownTag{"del", 0, "del"},
    KnownTag{"details", is_block, "div"},
    KnownTag{"dfn", 0, "dfn"},
    KnownTag{"dialog", is_block, "div"},
    KnownTag{"dir", is_block | is_list, "ul"},
    KnownTag{"div", is_block, "div"},
    KnownTag{"dl", is_block | is_list, "dl"},
    KnownTag{"dt", is_block, "dt"},
    KnownTag{"em", is_formatting, "em"},
    KnownTag{"embed", is_void | is_dropped, ""},
    KnownTag{"fieldset", is_block, "div"},
    KnownTag{"figcaption", is_block, "figcaption"},
    KnownTag{"figure", is_block, "figure"},
    KnownTag{"footer", is_block, "div"},
    KnownTag{"form", is_block, "div"},
    KnownTag{"frame", is_void | is_dropped, ""},
    KnownTag{"frameset", is_dropped, ""},
    KnownTag{"h1", is_block | is_heading, "h1"},
    KnownTag{"h2", is_block | is_heading, "h2"},
    KnownTag{"h3", is_block | is_heading, "h3"},
    KnownTag{"h4", is_block | is_heading, "h4"},
    KnownTag{"h5", is_block | is_heading, "h5"},
    KnownTag{"h6", is_block | is_heading, "h6"},
    KnownTag{"head", is_dropped, ""},
    KnownTag{"header", is_block, "div"},
    KnownTag{"hgroup", is_block, "div"},
    KnownTag{"hr", is_block | is_void, "hr"},
    KnownTag{"html", 0, ""},
    KnownTag{"i", is_formatting, "i"},
    KnownTag{"iframe", is_raw | is_dropped, ""},
    KnownTag{"img", is_void, "img"},
    KnownTag{"input", is_void | is_dropped, ""},
    KnownTag{"ins", 0, "ins"},
    KnownTag{"kbd", 0, "kbd"},
    KnownTag{"keygen", is_void | is_dropped, ""},
    KnownTag{"label", 0, ""},
    KnownTag{"legend", is_block, "div"},
    KnownTag{"li", is_block, "li"},
    KnownTag{"link", is_void | is_head, ""},
    KnownTag{"listing", is_block, "pre"},
    KnownTag{"main", is_block, "div"},
    KnownTag{"map", 0, ""},
    KnownTag{"mark", 0, "mark"},
    KnownTag{"math", is_foreign | is_dropped, ""},
    KnownTag{"menu", is_block | is_list, "ul"},
    KnownTag{"meta", is_void | is_head, ""},
    KnownTag{"nav", is_block, "div"},
    KnownTag{"noembed", is_raw | is_dropped, ""},
    KnownTag{"noframes", is_raw | is_dropped, ""},
    KnownTag{"noscript", is_dropped | is_head, ""},
    KnownTag{"object", is_dropped, ""},
    KnownTag{"ol", is_block | is_list, "ol"},
    KnownTag{"optgroup", is_dropped, ""},
    KnownTag{"option", is_dropped, ""},
    KnownTag{"p", is_block, "p"},
    KnownTag{"param", is_void | is_dropped, ""},
    KnownTag{"picture", 0, ""},
    KnownTag{"plaintext", is_block | is_raw, "pre"},
    KnownTag{"pre", is_block, "pre"},
    KnownTag{"q", 0, "q"},
    KnownTag{"rp", 0, "rp"},
    KnownTag{"rt", 0, "rt"},
    KnownTag{"ruby", 0, "ruby"},
    KnownTag{"s", is_formatting, "s"},
    KnownTag{"samp", 0, "samp"},
    KnownTag{"script", is_raw | is_dropped | is_head, ""},
    KnownTag{"section", is_block, "div"},
    KnownTag{"select", is_dropped, ""},
    KnownTag{"small", is_formatting, "small"},
    KnownTag{"source", is_void | is_dropped, ""},
    KnownTag{"span", 0, ""},
    KnownTag{"strike", is_formatting, "s"},
    KnownTag{"strong", is_formatting, "strong"},
    KnownTag{"style", is_raw | is_dropped | is_head, ""},
    KnownTag{"sub", 0, "sub"},
    KnownTag{"summary", is_block, "div"},
    KnownTag{"sup", 0, "sup"},
    KnownTag{"svg", is_foreign | is_dropped, ""},
    KnownTag{"table", is_block, "table"},
    KnownTag{"tbody", is_block | is_row_group, "tbody"},
    KnownTag{"td", is_block | is_cell, "td"},
    KnownTag{"template", is_dropped | is_head, ""},
    KnownTag{"textarea", is_escapable | is_dropped, ""},
    KnownTag{"tfoot", is_block | is_row_group, "tfoot"},
    KnownTag{"th", is_block | is_cell, "th"},
    KnownTag{"thead", is_block | is_row_group, "thead"},
    KnownTag{"time", 0, "time"},
    KnownTag{"title", is_escapable | is_dropped | is_head, ""},
    KnownTag{"tr", is_block, "tr"},
    KnownTag{"track", is_void | is_dropped, ""},
    KnownTag{"u", is_formatting, "u"},
    KnownTag{"ul", is_block | is_list, "ul"},
    KnownTag{"var", 0, "var"},
    KnownTag{"video", is_dropped, ""},
    KnownTag{"wbr", is_void, ""},
    KnownTag{"xmp", is_block | is_raw, "pre"},
};

inline constexpr Tag text_tag = 0;
inline constexpr Tag root_tag = 1;
inline constexpr Tag first_unknown_tag = known_tags.size();

/// first_unknown_tag when `lower_case_name` is not known.
Tag find_tag(std::string_view lower_case_name);

constexpr bool has(Tag tag, std::uint16_t any_of) {
  return tag < known_tags.size() && (known_tags[tag].traits & any_of) != 0;
}

/// "div"_tag, at compile time.
consteval Tag operator""_tag(const char* name, std::size_t size) {
  for (Tag tag = 0; tag < known_tags.size(); ++tag)
    if (known_tags[tag].name == std::string_view(name, size)) return tag;
  throw "no such tag";
}

}  // namespace crier::html
