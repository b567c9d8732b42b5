#include "text/characters.hpp"

#include <algorithm>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include "text/fold.hpp"

namespace crier {
namespace {

using Kind = CharacterKind;

constexpr std::int32_t zero_width_space = 0x200B;  // it is there to separate

bool is_apostrophe(std::int32_t c) {
  // Quotation marks of both directions, the modifier letter, the full-width form, Hebrew geresh and
  // gershayim.
  return c == 0x2018 || c == 0x2019 || c == 0x02BC || c == 0xFF07 || c == 0x05F3 || c == 0x05F4;
}

bool is_ideograph(std::int32_t c) {
  if (u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || c == 0x30FC) return true;
  UErrorCode status = U_ZERO_ERROR;
  const auto script = uscript_getScript(c, &status);
  return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || script == USCRIPT_HANGUL ||
         script == USCRIPT_BOPOMOFO;
}

bool is_dictionary_script(std::int32_t c) {
  return c >= 0x0E00 && u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

// Of a character as fold_case leaves it.
Kind kind_of(std::int32_t c) {
  if (c < 0x80) return kind_of_ascii(static_cast<unsigned char>(c));
  const auto category = U_GET_GC_MASK(c);
  if ((category & U_GC_M_MASK) != 0) return Kind::mark;
  if ((category & U_GC_SC_MASK) != 0) return Kind::currency;
  if (!u_isUAlphabetic(c)) return is_ideograph(c) ? Kind::ideograph : Kind::other;
  return is_ideograph(c) ? Kind::ideograph : Kind::letter;
}

bool can_join_backwards(std::int32_t c) {
  static const auto* normalizer = [] {
    UErrorCode status = U_ZERO_ERROR;
    return icu::Normalizer2::getNFKCCasefoldInstance(status);
  }();
  return !is_apostrophe(c) && c != zero_width_space && normalizer != nullptr &&
         !normalizer->hasBoundaryBefore(c);
}

std::string to_utf8(std::int32_t c) {
  std::array<char, U8_MAX_LENGTH> bytes{};
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(bytes.data(), length, c);
  return {bytes.data(), static_cast<std::size_t>(length)};
}

Character describe(std::int32_t code) {
  Character out{.code = code, .joins_backwards = can_join_backwards(code)};
  WordPart part;
  if (code == zero_width_space) {
    out.stands_alone = true;
  } else if (is_apostrophe(code)) {
    part.kind = Kind::apostrophe;
    out.stands_alone = true;
  } else if (code >= 0x4E00 && code <= 0x9FFF) {
    part = {Kind::ideograph, to_utf8(code)};
    out.stands_alone = true;
  } else if (is_dictionary_script(code)) {
    part.kind = Kind::dictionary;
    out.stands_alone = true;
  } else {
    part = fold_word_part(to_utf8(code));
  }
  out.kind = part.kind;
  out.size = static_cast<std::uint8_t>(std::min<std::size_t>(part.text.size(), out.bytes.size() + 1));
  if (!out.is_long()) std::ranges::copy(part.text, out.bytes.begin());
  return out;
}

}  // namespace

CharacterKind kind_of_ascii(unsigned char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::letter;
  if (c >= '0' && c <= '9') return Kind::digit;
  if (c == '\'') return Kind::apostrophe;
  if (c == '@' || c == '#') return Kind::sigil;
  if (c == '$') return Kind::currency;
  return Kind::other;
}

const Character& character_of(std::int32_t code) {
  // No script has more letters, but for the ideographs and syllables of East Asia.
  constexpr std::size_t remembered = 4096;
  constinit thread_local std::array<Character, remembered> table{};
  auto& character = table[static_cast<std::size_t>(code) % remembered];
  if (character.code != code) character = describe(code);
  return character;
}

WordPart fold_word_part(std::string_view characters) {
  auto folded = fold_case(characters);
  if (folded.empty()) return {Kind::invisible, {}};
  std::size_t next = 0;
  const auto kind = kind_of(decode_character(folded, next));
  // One character may fold into several ("㎏", "㍿"), a few of them with spaces: the first word is kept.
  for (auto length = next; length < folded.size(); next = length) {
    const auto following = kind_of(decode_character(folded, length));
    if (is_word(kind) ? !is_word(following) : following != kind) break;
  }
  folded.resize(next);
  return {kind, std::move(folded)};
}

CharacterKind first_kind(std::string_view folded) {
  std::size_t at = 0;
  return folded.empty() ? Kind::other : kind_of(decode_character(folded, at));
}

std::int32_t decode_character(std::string_view text, std::size_t& at) {
  UChar32 c = 0;
  U8_NEXT(text.data(), at, text.size(), c);
  return c;
}

}  // namespace crier
