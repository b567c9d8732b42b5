// fuzz_parse: what must hold for any bytes that come as a story, shared by the fuzzers of the formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace crier::test {

/// Aborts when parse_stories breaks a promise: text that is not UTF-8, a story without id, too many of
/// anything, or a result whose own JSON cannot be read again as the same stories.
void fuzz_parse(std::string_view format, const std::uint8_t* data, std::size_t size);

}  // namespace crier::test
