// The plain part of YAML, read fast: block mappings and lists, one-line flow collections, words, one-line
// quotes. It is what almost every subscriber is written in; bench/README.md says how much faster than
// yaml-cpp it is. Whatever could be anything else is left to yaml-cpp. Only base/yaml.cpp uses it. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/yaml.hpp"

namespace crier {

/// The one item of the block list that `lines` are, the first of which is `line` (from 1). nullopt says
/// nothing about them: they may be good YAML, or none.
std::optional<YamlNode> read_plain_item(std::string_view lines, int line);

}  // namespace crier
