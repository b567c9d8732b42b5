// YAML as a plain tree that knows its places. One document; anchors, aliases, tags and duplicate keys are
// errors, so what is read is what was written and a small file cannot unfold into a large one.
#pragma once

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
  bool quoted = false;  ///< written in quotes or as a block: never a number or a boolean
  int line = 0;         ///< from 1; for a quoted scalar the place of the opening quote
  int column = 0;
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

}  // namespace crier
