// Page tags: the topic and region line of a scraped page, whose tags often run together ("politicsEast
// Asia"). Called by page_text.cpp; pure, any thread. The words that ops configured separate the tags; the
// names of the world's regions (UN M49, and what newsrooms call them) are known without being configured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "story/parse.hpp"

namespace crier::page {

struct Tags {
  std::vector<std::string> topics;
  std::vector<std::string> regions;
};

class TagReader {
 public:
  /// `vocabulary` may be null. Its words are copied.
  explicit TagReader(const Vocabulary* vocabulary);

  /// Whether the line is made of known tags and separators alone.
  bool knows(std::string_view line) const;

  /// Whether an unknown line right under the date looks like tags: short, no sentence, and all lower
  /// case, glued at a change of case ("techGulf") or a list with a known tag in it ("Kelp · Africa").
  bool resembles_tags(std::string_view line) const;

  /// The tags as the page spells them. Unknown ones are split where the case changes and count as topics.
  Tags read(std::string_view line) const;

 private:
  struct Word {
    std::u32string folded;
    bool is_region;
  };
  struct Piece {
    std::size_t from, size;
    bool is_region;
  };
  bool cover(const std::u32string& folded, std::vector<Piece>& pieces) const;

  std::vector<Word> words_;  // longest first
};

}  // namespace crier::page
