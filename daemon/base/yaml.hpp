// YAML as a plain tree that knows its places. One document; anchors, aliases, tags and duplicate keys are
// errors, so what is read is what was written and a small file cannot unfold into a large one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace crier {

struct YamlEntry;

struct YamlNode {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string scalar;
  bool quoted = false;             ///< written in quotes or as a block: never a number or a boolean
  int line = 0;                    ///< from 1; for a quoted scalar the place of the opening quote
  int column = 0;                  ///< from 1, in bytes; what people are shown counts characters
  std::vector<YamlNode> items;     ///< of a list
  std::vector<YamlEntry> entries;  ///< of a map, in written order; keys are scalars

  const YamlNode* find(std::string_view key) const;
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

/// nullopt when the text is no single well-formed document; the reasons are added to `diagnostics` with
/// `file` as their place. An empty text is a null node.
std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file, Diagnostics& diagnostics);

/// An item of a long list, still to be read: whole lines of the text.
struct YamlPiece {
  std::size_t begin = 0;
  std::uint32_t size = 0;
  std::uint32_t line = 0;  ///< its first, from 1
};

/// As parse_yaml, but leaves the items of the block list under `key` of the root, if it has one, in `pieces`:
/// the list in the tree is empty then. What is read so takes memory for one item at a time.
std::optional<YamlNode> parse_yaml_but_list(std::string_view text, std::string_view key,
                                            std::vector<YamlPiece>& pieces, const std::string& file,
                                            Diagnostics& diagnostics);

/// The item, with its places in `text`. nullopt when the lines are not one item by themselves: then the text
/// has to be read as a whole, by parse_yaml, which knows what is wrong with it, if anything is.
std::optional<YamlNode> read_piece(std::string_view text, const YamlPiece& piece);

}  // namespace crier
