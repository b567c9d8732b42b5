// Diagnostics: every complaint about a file that people wrote, with its place.
// Loaders collect them all before they give up, so that one run of `crier check` shows everything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

/// A place in a file as people count: line and column from 1, columns in characters (code points), as editors
/// show them. 0 = not known.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  bool operator==(const Place&) const = default;
};

struct Diagnostic {
  Place place;
  std::string message;       ///< one sentence, without the place
  std::string excerpt;       ///< the offending line and a caret line under it; may be empty
  std::string suggestion{};  ///< the word that was probably meant, for programs; people read it in `message`
};

/// "file:line:col: message", then the excerpt when there is one.
std::string to_string(const Diagnostic& diagnostic);

/// Collects diagnostics in the order found.
class Diagnostics {
 public:
  void add(Place place, std::string message, std::string excerpt = {}, std::string suggestion = {});
  /// By file, line and column; those of one place stay in the order found.
  void sort();
  bool empty() const { return list_.empty(); }
  const std::vector<Diagnostic>& list() const { return list_; }

 private:
  std::vector<Diagnostic> list_;
};

/// Whether this byte stands in a line of a key in PEM. Such lines are shown nowhere.
bool is_in_key(std::string_view text, std::size_t offset);

/// Where the byte `offset` of `text`, which is what the file holds, stands.
Place place_in(std::string file, std::string_view text, std::size_t offset);

/// The line of `text` that holds the byte `offset` and under it a caret below that character, as a terminal
/// shows both: wide characters of East Asia take two columns. Long lines are cut around the caret. Empty when
/// there is no such line, or nothing on it, or it is one of a key.
std::string caret_excerpt(std::string_view text, std::size_t offset);

}  // namespace crier
