// Where a character of a YAML value stands in the file that holds it: through quotes, escapes, folded lines
// and blocks. For the places of complaints about what a value says. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace crier {

/// The offset in `text` of byte `at` of the scalar that begins at `begin` (its quote, or the | or > of a
/// block) and reads as `value`; `at` may be its end. nullopt when the two cannot be brought together.
std::optional<std::size_t> find_in_yaml_source(std::string_view text, std::size_t begin,
                                               std::string_view value, std::size_t at);

}  // namespace crier
