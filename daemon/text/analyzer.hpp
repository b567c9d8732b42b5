// The analysis that stories and rules share: a story becomes words at positions, with their stems and exact
// forms, and folded field values. A value, made once per story version on a worker and read by any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "text/stemmer.hpp"
#include "text/terms.hpp"

namespace crier {

struct Story;

/// Counts words through title, summary and body; between two fields lies a gap wider than any NEAR.
using Position = std::uint32_t;
inline constexpr Position field_gap = 1000;

enum class TextField : std::uint8_t { title, summary, body };
std::string_view to_string(TextField field);

/// The fields that a rule compares as a whole.
enum class ValueField : std::uint8_t { topic, region, section, author, source, site, lang };
inline constexpr std::size_t value_field_count = 7;
std::string_view to_string(ValueField field);

/// A word of a rule.
struct Word {
  std::string surface;  ///< case-folded; stem(language, surface) is compared with the story's stems
  std::string exact;    ///< surface without accents

  bool operator==(const Word&) const = default;
};

/// The words of a rule's text, cut and folded as a story's are. Empty when it has neither letter nor digit.
std::vector<Word> analyze_words(std::string_view text);

/// A field's value as it is compared: its exact words with one space between ("East-Asia " → "east asia").
std::string fold_value(std::string_view text);

/// Where a word stands for people and for highlighting.
struct WordPlace {
  TextField field = TextField::title;
  std::uint32_t word = 0;   ///< from 1, within the field
  std::uint32_t begin = 0;  ///< bytes [begin, end) of the field's text
  std::uint32_t end = 0;
};

class AnalyzedStory {
 public:
  struct Value {
    std::string text;    ///< as the story has it
    std::string folded;  ///< fold_value(text)
  };

  /// Distinct words with their positions: those of term t are positions[starts[t]] up to positions[starts[t +
  /// 1]].
  struct Postings {
    Terms terms;
    std::vector<std::uint32_t> starts;
    std::vector<Position> positions;

    std::span<const Position> of(Terms::Id id) const {
      return std::span(positions).subspan(starts[id], starts[id + 1] - starts[id]);
    }
    std::span<const Position> find(std::string_view term) const;
    void fill(std::span<const Terms::Id> form_of_token, std::span<const Terms::Id> term_of_form,
              std::span<const Position> position_of_token);
  };

  Language language() const { return language_; }
  /// 1 (flash) … 8; 5 when the story does not say.
  int urgency() const { return urgency_; }
  std::optional<Time> published() const { return published_; }

  /// The positions, ascending, of a word's exact form, of a stem in language().
  std::span<const Position> with_exact(std::string_view exact) const { return exact_.find(exact); }
  std::span<const Position> with_stem(std::string_view stem) const { return stems_.find(stem); }
  /// The positions, ascending, of all words whose exact form begins with `prefix`. Looks at each distinct
  /// word.
  std::vector<Position> with_prefix(std::string_view prefix) const;
  /// All exact forms, and all stems in language().
  const Postings& exact_words() const { return exact_; }
  const Postings& stems() const { return stems_; }
  /// Calls `found(id)` for each of exact_words() that the text spells so, and has this one of stems().
  template <class Found>
  void for_each_plain_word(Terms::Id stem, const Found& found) const {
    for (auto id = first_plain_word_[stem]; id != Terms::none; id = next_plain_word_[id]) found(id);
  }
  /// The stems of a field's words, in their order.
  std::span<const Terms::Id> stems_of(TextField field) const {
    const auto& words = fields_[static_cast<std::size_t>(field)];
    return std::span(stem_of_token_).subspan(words.first_token, words.word_count);
  }
  /// Those of exact_words() that the text also, or only, spells with accents.
  std::span<const Terms::Id> accented_words() const { return accented_words_; }
  /// Title words have positions below this.
  Position title_end() const { return fields_[0].word_count; }
  /// All positions are below this.
  Position position_end() const {
    return static_cast<Position>(tokens_.size() + (fields_.size() - 1) * field_gap);
  }

  /// What the story has in a field, in its order. Of the language (also a detected one) also the shorter
  /// tags: en-GB, en.
  std::span<const Value> values(ValueField field) const { return values_[static_cast<std::size_t>(field)]; }

  /// Only for positions given out by this story.
  WordPlace place_of(Position position) const;
  /// The original text of a field.
  std::string_view text(TextField field) const { return fields_[static_cast<std::size_t>(field)].text; }
  std::size_t word_count() const { return tokens_.size(); }

 private:
  friend AnalyzedStory analyze(const Story& story, std::string_view site_language);
  struct Builder;

  struct Field {
    std::string text;
    std::uint32_t first_token = 0;
    std::uint32_t word_count = 0;
  };
  struct Bytes {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };

  Language language_;
  int urgency_ = 5;
  std::optional<Time> published_;
  std::array<Field, 3> fields_;
  std::vector<Bytes> tokens_;  // of all fields, in order
  std::vector<Terms::Id> stem_of_token_;
  Postings exact_;
  Postings stems_;
  std::vector<Terms::Id> accented_words_;
  std::vector<Terms::Id> first_plain_word_;  // by stem
  std::vector<Terms::Id> next_plain_word_;   // by exact word: of the same stem
  std::array<std::vector<Value>, value_field_count> values_;
};

/// Takes linear time in the text. A story that names no language has that of its text, when it can be told,
/// or `site_language`.
AnalyzedStory analyze(const Story& story, std::string_view site_language = {});

}  // namespace crier
