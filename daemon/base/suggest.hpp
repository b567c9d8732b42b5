// "Did you mean": the nearest of the words that would have been right.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace crier {

/// ` (did you mean "region"?)` when one of `known` is near enough to `word`, else empty.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace crier
