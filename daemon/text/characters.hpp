// Characters: what the tokenizer makes of each one: whether it is part of a word, and how it is folded. ICU
// is asked once for each; a bounded table of each thread remembers the answer. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace crier {

enum class CharacterKind : std::uint8_t {
  other,
  letter,
  digit,
  mark,        ///< part of a word, but never its beginning
  ideograph,   ///< a word in itself
  dictionary,  ///< of a script written without spaces: ICU's dictionary finds the words
  invisible,   ///< neither seen nor a separator: soft hyphen, joiners
  apostrophe,
  sigil,  ///< @ #
  currency,
};

inline bool is_word(CharacterKind kind) {
  return kind == CharacterKind::letter || kind == CharacterKind::digit || kind == CharacterKind::mark;
}

/// Of an ASCII character.
CharacterKind kind_of_ascii(unsigned char c);

/// A character by itself.
struct Character {
  std::int32_t code = 0;
  CharacterKind kind = CharacterKind::other;
  bool stands_alone = false;     ///< whatever follows it
  bool joins_backwards = false;  ///< may change, or be changed by, the one before it when text is normalised
  std::uint8_t size = 0;
  std::array<char, 8> bytes{};  ///< `size` of them: as folded

  /// Folds to more than `bytes` can hold: fold_word_part tells.
  bool is_long() const { return size > bytes.size(); }
  std::string_view text() const { return {bytes.data(), size}; }
};

/// Of a character above ASCII. Good until the thread asks for another.
const Character& character_of(std::int32_t code);

/// What a character with the marks on it folds to, if that is part of a word, an ideograph or a currency
/// sign.
struct WordPart {
  CharacterKind kind = CharacterKind::other;
  std::string text;
};
WordPart fold_word_part(std::string_view characters);
/// The kind of the first character of what fold_case gave; other when there is none.
CharacterKind first_kind(std::string_view folded);

/// The character at `at`, which moves behind it; negative when ill-formed.
std::int32_t decode_character(std::string_view text, std::size_t& at);

}  // namespace crier
