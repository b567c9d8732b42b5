// What a person who wrote broken YAML most likely meant, and where: yaml-cpp says only what it expected at
// the place where it gave up. Only base/yaml.cpp uses it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace crier {

struct YamlHint {
  std::size_t at = 0;   ///< the byte that the complaint should point to
  std::string message;  ///< says also what to write
};

/// `at`: the byte where reading ended; `said`: what yaml-cpp said of it. nullopt when nothing better is
/// known.
std::optional<YamlHint> find_yaml_hint(std::string_view text, std::size_t at, std::string_view said);

/// What to write in place of a text that YAML takes for something else: the text in the quotes that it
/// allows.
std::string quoted_for_yaml(std::string_view text);

}  // namespace crier
