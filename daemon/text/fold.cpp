#include "text/fold.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

namespace crier {
namespace {

const icu::Normalizer2& checked(const icu::Normalizer2* normalizer, UErrorCode status) {
  if (U_FAILURE(status)) throw std::runtime_error("ICU has no normalisation data; reinstall libicu");
  return *normalizer;
}

const icu::Normalizer2& nfkc_casefold() {
  UErrorCode status = U_ZERO_ERROR;
  static const auto& instance = checked(icu::Normalizer2::getNFKCCasefoldInstance(status), status);
  return instance;
}

const icu::Normalizer2& nfd() {
  UErrorCode status = U_ZERO_ERROR;
  static const auto& instance = checked(icu::Normalizer2::getNFDInstance(status), status);
  return instance;
}

void append(std::string& out, UChar32 c) {
  char bytes[U8_MAX_LENGTH];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, c);
  out.append(bytes, static_cast<std::size_t>(length));
}

// Letters that Unicode does not decompose although writers without the key spell them this way.
std::string_view plain_spelling(UChar32 c) {
  switch (c) {
    case U'ı':
      return "i";
    case U'ł':
      return "l";
    case U'ø':
      return "o";
    case U'đ':
    case U'ð':
      return "d";
    case U'ħ':
      return "h";
    case U'ŧ':
      return "t";
    case U'þ':
      return "th";
    case U'æ':
      return "ae";
    case U'œ':
      return "oe";
    case U'ё':
      return "е";
    case U'ى':
    case U'ی':
      return "ي";
    case U'ة':
      return "ه";
    case U'ک':
      return "ك";
    default:
      return {};
  }
}

bool is_optional_mark(UChar32 c) {
  const auto within = [c](UChar32 first, UChar32 last) { return c >= first && c <= last; };
  if (within(0x0300, 0x036F)) return true;                                                        // accents
  if (within(0x0591, 0x05C7)) return u_charType(c) == U_NON_SPACING_MARK;                         // Hebrew
  if (c == 0x0640 || within(0x064B, 0x065F) || c == 0x0670) return true;                          // Arabic
  if (within(0x06D6, 0x06ED)) return u_charType(c) == U_NON_SPACING_MARK;                         // Koranic
  return c == 0x093C || c == 0x09BC || c == 0x0A3C || c == 0x0ABC || c == 0x0B3C || c == 0x0CBC;  // nukta
}

// The letter under the accents of a composed character; the character itself where they make another letter.
UChar32 base_letter(UChar32 c) {
  icu::UnicodeString decomposed;
  if (!nfd().getDecomposition(c, decomposed)) return c;
  const auto base = decomposed.char32At(0);
  UErrorCode status = U_ZERO_ERROR;
  const auto script = uscript_getScript(base, &status);
  return script == USCRIPT_LATIN || script == USCRIPT_GREEK || script == USCRIPT_ARABIC ? base : c;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

std::string fold_case(std::string_view text) {
  std::string out;
  if (is_ascii(text)) {
    out = text;
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
  }
  UErrorCode status = U_ZERO_ERROR;
  const auto size = std::min<std::size_t>(text.size(), std::numeric_limits<std::int32_t>::max());
  const auto folded = nfkc_casefold().normalize(
      icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(size)}), status);
  for (std::int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
    const auto c = folded.char32At(i);
    append(out, u_isdigit(c) ? U'0' + u_charDigitValue(c) : c);
  }
  return out;
}

std::string fold_accents(std::string_view folded) {
  if (is_ascii(folded)) return std::string(folded);
  std::string out;
  const auto size = static_cast<std::int32_t>(folded.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(folded.data(), i, size, c);
    if (is_optional_mark(c)) continue;
    if (c >= 0x80) c = base_letter(c);
    if (const auto plain = plain_spelling(c); !plain.empty())
      out += plain;
    else
      append(out, c);
  }
  return out;
}

}  // namespace crier
