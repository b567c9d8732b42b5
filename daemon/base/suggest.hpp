// "Did you mean": the nearest of the words that would have been right.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace crier {

/// The one of `known` that is near enough to `word` to be what was meant; empty when none is.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

/// ` (did you mean "region"?)` when one of `known` is near enough to `word`, else empty.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace crier
