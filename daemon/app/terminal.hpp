// Terminal: whether somebody looks on, and how words are made to stand out then.
#pragma once

#include <cstdio>
#include <string_view>

namespace crier {

/// Whether a stream is a terminal.
bool is_terminal(std::FILE* stream);

/// How wide lines may be: as the terminal is, 80 columns elsewhere.
int columns_of(std::FILE* stream);

/// What stands before and after words that are to stand out.
struct Emphasis {
  std::string_view before;
  std::string_view after;
};

/// Bold on a terminal, brackets elsewhere, on a dumb terminal, and where NO_COLOR is set (no-color.org).
Emphasis emphasis_on(std::FILE* stream);

}  // namespace crier
