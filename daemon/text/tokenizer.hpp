// Tokenizer: cuts a text into words, the same way for stories and for rules, whatever the language.
// It keeps no state between texts and needs linear time and bounded look-ahead on any bytes.
//
// - Possessives lose their 's (Ada’s → ada). The apostrophe of an English contraction stays (he’ll → he'll,
//   so that it is not the word "hell"), others are dropped (O'Brien → obrien, gov't → govt) unless they
//   follow an elided article, which is a word of its own (l'Élysée → l, élysée).
// - Hyphens separate: state-of-the-art is four words, and so a phrase in a rule.
// - 1,000 → 1000; 3.5 stays; initials keep their inner dots (U.S. → u.s, so that it is not the word "us").
// - C++ and C# are words. @, # and currency signs before a word or amount are words of their own, so that
//   $5bn is found by $5bn and by 5bn, @reuters by @reuters and by reuters.
// - Chinese, Japanese and Korean: each ideograph, kana and Hangul syllable is a word, so that a rule's word
//   is a phrase and cannot be segmented differently from the story (Korean particles stay outside).
// - Thai, Lao, Khmer, Burmese: the words of ICU's dictionary.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

struct Token {
  /// Case-folded (fold_case), with accents; at most 120 bytes, longer words are cut. Good until the next
  /// token is asked for.
  std::string_view surface;
  std::uint32_t begin = 0;  ///< bytes [begin, end) of the text, on character boundaries
  std::uint32_t end = 0;
  bool is_plain = false;  ///< ASCII for certain
};

class Tokenizer {
 public:
  /// Texts end at 4 GiB. The text must outlive the tokenizer; ill-formed UTF-8 separates words.
  explicit Tokenizer(std::string_view text);
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Puts the next word into `token`; false at the end of the text.
  bool next(Token& token);

 private:
  struct Unit;
  struct WordShape;
  // Words found together.
  struct Queued {
    std::string surface;
    std::uint32_t begin;
    std::uint32_t end;
  };

  Unit unit_at(std::size_t at) const;
  bool is_word_at(std::size_t at) const;
  bool goes_on_at(std::size_t at) const;
  bool is_sigil_at(std::size_t at, const Unit& unit) const;
  bool is_thousands_group(std::size_t at) const;
  bool read_plain_word(Token& token);
  void read_word(Token& token);
  void read_plain_run(std::size_t size, WordShape& shape);
  bool read_joiner(const Unit& unit, WordShape& shape);
  bool is_contraction_at(std::size_t at) const;
  bool read_apostrophe(const Unit& unit, const WordShape& shape);
  void queue_ideographs(const Unit& unit);
  void queue_segments();
  bool take_queued(Token& token);
  void append(std::string_view part);
  void append(char c) { word_[word_size_++] = c; }
  std::string_view word() const { return {word_.data(), word_size_}; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t word_end_ = 0;  // where the last word ended
  bool word_ends_in_digit_ = false;
  std::array<char, 128> word_;  // being read, as folded
  std::size_t word_size_ = 0;
  std::vector<Queued> queued_;  // the next one last
  std::string taken_;
};

}  // namespace crier
