// Options of a benchmark: --name N, all of them whole numbers above zero.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <string_view>

#include "benches.hpp"

namespace crier::bench {

/// False when a word is no known option or its number is none.
inline bool read_options(const Words& words, const std::map<std::string_view, std::int64_t*>& options) {
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto option = options.find(words[i]);
    if (option == options.end() || i + 1 == words.size()) return false;
    const auto& text = words[i + 1];
    auto& number = *option->second;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size() || number <= 0) return false;
  }
  return true;
}

}  // namespace crier::bench
