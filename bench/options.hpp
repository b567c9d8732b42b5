// Options of a benchmark: --name VALUE, or --name alone for a flag.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "app/exit_codes.hpp"
#include "base/time.hpp"
#include "benches.hpp"

namespace crier::bench {

/// Where the value of an option goes: a whole number above zero, a text, a duration ("5ms"), or a flag.
using OptionTarget = std::variant<std::int64_t*, std::string*, Duration*, bool*>;

inline bool read_value(const std::string& text, const OptionTarget& target) {
  if (auto* const* number = std::get_if<std::int64_t*>(&target)) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), **number);
    return failed == std::errc{} && end == text.data() + text.size() && **number > 0;
  }
  if (auto* const* duration = std::get_if<Duration*>(&target)) {
    const auto read = parse_duration(text);
    if (read) **duration = *read;
    return read.has_value();
  }
  *std::get<std::string*>(target) = text;
  return true;
}

/// False when a word is no known option or its value is none.
inline bool read_options(const Words& words, const std::map<std::string_view, OptionTarget>& options) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto option = options.find(words[i]);
    if (option == options.end()) return false;
    if (auto* const* flag = std::get_if<bool*>(&option->second)) {
      **flag = true;
    } else if (++i == words.size() || !read_value(words[i], option->second)) {
      return false;
    }
  }
  return true;
}

/// What to do when the options were not understood: the usage, as asked for or as a complaint. Returns the
/// exit code.
inline int complain(const Words& words, const char* usage) {
  const bool is_asked_for = std::ranges::find(words, "--help") != words.end();
  std::fputs(usage, is_asked_for ? stdout : stderr);
  return is_asked_for ? exit_code::ok : exit_code::usage;
}

}  // namespace crier::bench
