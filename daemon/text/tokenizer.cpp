#include "text/tokenizer.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include <unicode/normalizer2.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include "text/fold.hpp"

namespace crier {
namespace {

enum class Kind : std::uint8_t {
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

constexpr std::size_t max_word_bytes = 120;
// Unicode's Stream-Safe Text Format (UAX #15, 13) allows 30; ordering more takes quadratic time.
constexpr int max_marks = 30;
// More text than a sentence; it bounds what the break iterator sees at once.
constexpr std::size_t max_run_bytes = 4096;

// French, Italian and Catalan words that lose their vowel before another word.
constexpr std::array<std::string_view, 27> elisions{
    "l",     "d",      "j",      "m",      "t",      "s",      "c",     "n",    "qu",
    "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu", "quelqu", "entr",  "dell", "all",
    "nell",  "sull",   "dall",   "coll",   "un",     "quest",  "quell", "sant", "dev"};

bool is_word(Kind kind) {
  return kind == Kind::letter || kind == Kind::digit || kind == Kind::mark;
}

Kind kind_of_ascii(unsigned char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::letter;
  if (c >= '0' && c <= '9') return Kind::digit;
  if (c == '\'') return Kind::apostrophe;
  if (c == '@' || c == '#') return Kind::sigil;
  if (c == '$') return Kind::currency;
  return Kind::other;
}

bool is_apostrophe(UChar32 c) {
  // Quotation marks of both directions, the modifier letter, the full-width form, Hebrew geresh and
  // gershayim.
  return c == 0x2018 || c == 0x2019 || c == 0x02BC || c == 0xFF07 || c == 0x05F3 || c == 0x05F4;
}

bool is_ideograph(UChar32 c) {
  if (u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC) || c == 0x30FC) return true;
  UErrorCode status = U_ZERO_ERROR;
  const auto script = uscript_getScript(c, &status);
  return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || script == USCRIPT_HANGUL ||
         script == USCRIPT_BOPOMOFO;
}

bool is_dictionary_script(UChar32 c) {
  return c >= 0x0E00 && u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

bool is_hebrew(UChar32 c) {
  return c >= 0x05D0 && c <= 0x05EA;
}

// Of a character as fold_case leaves it.
Kind kind_of(UChar32 c) {
  if (c < 0x80) return kind_of_ascii(static_cast<unsigned char>(c));
  const auto category = U_GET_GC_MASK(c);
  if ((category & U_GC_M_MASK) != 0) return Kind::mark;
  if ((category & U_GC_SC_MASK) != 0) return Kind::currency;
  if (!u_isUAlphabetic(c)) return is_ideograph(c) ? Kind::ideograph : Kind::other;
  return is_ideograph(c) ? Kind::ideograph : Kind::letter;
}

// The character at `at`, which moves behind it; negative when ill-formed.
UChar32 decode(std::string_view text, std::size_t& at) {
  UChar32 c = 0;
  U8_NEXT(text.data(), at, text.size(), c);
  return c;
}

// Whether the character at `at` may change, or be changed by, the one before it when text is normalised.
bool joins_backwards(std::string_view text, std::size_t at) {
  static const auto* normalizer = [] {
    UErrorCode status = U_ZERO_ERROR;
    return icu::Normalizer2::getNFKCCasefoldInstance(status);
  }();
  if (at >= text.size() || static_cast<unsigned char>(text[at]) < 0xCC) return false;  // below U+0300
  const auto c = decode(text, at);
  return c >= 0 && !is_apostrophe(c) && c != 0x200B && normalizer != nullptr &&
         !normalizer->hasBoundaryBefore(c);
}

// Past the ASCII characters that can begin nothing: white space and most punctuation.
std::size_t skip_separators(std::string_view text, std::size_t at) {
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80 &&
         kind_of_ascii(static_cast<unsigned char>(text[at])) == Kind::other)
    ++at;
  return at;
}

// How many ASCII letters and digits stand at `at` that nothing behind them can change.
std::size_t plain_run(std::string_view text, std::size_t at) {
  auto end = at;
  while (end < text.size() && is_word(kind_of_ascii(static_cast<unsigned char>(text[end])))) ++end;
  return end > at && joins_backwards(text, end) ? end - at - 1 : end - at;
}

struct BreakIteratorCloser {
  void operator()(UBreakIterator* iterator) const { ubrk_close(iterator); }
};

// Opening one reads dictionaries and it cannot be shared: each thread keeps its own.
UBreakIterator* word_breaks() {
  thread_local const std::unique_ptr<UBreakIterator, BreakIteratorCloser> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    auto* opened = ubrk_open(UBRK_WORD, "th", nullptr, 0, &status);
    return std::unique_ptr<UBreakIterator, BreakIteratorCloser>(U_SUCCESS(status) ? opened : nullptr);
  }();
  return iterator.get();
}

// The ends of the words of `run`; the whole run when ICU cannot tell.
std::vector<std::size_t> word_ends(std::string_view run) {
  std::vector<std::size_t> ends;
  UErrorCode status = U_ZERO_ERROR;
  UText text = UTEXT_INITIALIZER;
  utext_openUTF8(&text, run.data(), static_cast<std::int64_t>(run.size()), &status);
  if (auto* breaks = word_breaks(); breaks != nullptr && U_SUCCESS(status)) {
    ubrk_setUText(breaks, &text, &status);
    if (U_SUCCESS(status))
      for (auto end = ubrk_next(breaks); end != UBRK_DONE; end = ubrk_next(breaks))
        ends.push_back(static_cast<std::size_t>(end));
    utext_close(&text);
  }
  if (ends.empty()) ends.push_back(run.size());
  return ends;
}

// At most the first `max_bytes` of `text`, whole characters only.
std::string_view whole_characters(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while ((static_cast<unsigned char>(text[max_bytes]) & 0xC0) == 0x80) --max_bytes;
  return text.substr(0, max_bytes);
}

}  // namespace

// A character with the marks on it.
struct Tokenizer::Unit {
  Kind kind = Kind::other;
  std::size_t end = 0;    // where the next unit begins
  std::string text;       // folded; empty unless part of a word, an ideograph or a currency sign
  UChar32 character = 0;  // the first one, before folding
};

// What the word read so far looks like.
struct Tokenizer::WordShape {
  Kind last = Kind::other;
  int letters = 0;          // since the last dot
  bool is_initials = true;  // "u", "u.s"
  UChar32 last_character = 0;

  void add(Kind kind, UChar32 character) {
    if (kind != Kind::mark) last = kind;
    last_character = character;
    if (kind == Kind::letter) ++letters;
    if (kind == Kind::digit || letters > 1) is_initials = false;
  }
};

Tokenizer::Tokenizer(std::string_view text)
    : text_(text.substr(0, std::numeric_limits<std::uint32_t>::max())) {}

Tokenizer::Unit Tokenizer::unit_at(std::size_t at) const {
  const auto first = static_cast<unsigned char>(text_[at]);
  if (first < 0x80 && !joins_backwards(text_, at + 1)) {
    Unit unit{kind_of_ascii(first), at + 1, {}, first};
    if (unit.kind != Kind::other) unit.text = fold_case(text_.substr(at, 1));
    return unit;
  }
  std::size_t end = at;
  const auto c = decode(text_, end);
  if (c < 0 || c == 0x200B) return {Kind::other, end, {}, c};  // the zero-width space is there to separate
  if (is_apostrophe(c)) return {Kind::apostrophe, end, {}, c};
  if (c >= 0x4E00 && c <= 0x9FFF) return {Kind::ideograph, end, std::string(text_.substr(at, end - at)), c};
  if (is_dictionary_script(c)) return {Kind::dictionary, end, {}, c};
  for (int marks = 0; marks < max_marks && joins_backwards(text_, end); ++marks) decode(text_, end);

  auto folded = fold_case(text_.substr(at, end - at));
  if (folded.empty()) return {Kind::invisible, end, {}, c};
  std::size_t next = 0;
  const auto kind = kind_of(decode(folded, next));
  // One character may fold into several ("㎏", "㍿"), a few of them with spaces: the first word is kept.
  for (auto length = next; length < folded.size(); next = length) {
    const auto following = kind_of(decode(folded, length));
    if (is_word(kind) ? !is_word(following) : following != kind) break;
  }
  folded.resize(next);
  return {kind, end, std::move(folded), c};
}

bool Tokenizer::is_word_at(std::size_t at) const {
  return at < text_.size() && is_word(unit_at(at).kind);
}

bool Tokenizer::next(Token& token) {
  while (!take_queued(token)) {
    at_ = skip_separators(text_, at_);
    if (at_ >= text_.size()) return false;
    const auto unit = unit_at(at_);
    if (unit.kind == Kind::letter || unit.kind == Kind::digit) {
      read_word(token);
      return true;
    }
    if (unit.kind == Kind::ideograph) {
      queue_ideographs(unit);
    } else if (unit.kind == Kind::dictionary) {
      queue_segments();
    } else if (is_sigil_at(at_, unit)) {
      token = {unit.text, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(unit.end)};
      at_ = unit.end;
      return true;
    } else {
      at_ = unit.end;
    }
  }
  return true;
}

bool Tokenizer::is_sigil_at(std::size_t at, const Unit& unit) const {
  const bool after_word = word_end_ == at && at > 0;
  if (unit.kind == Kind::currency && after_word && word_ends_in_digit_) return true;
  if (unit.end >= text_.size()) return false;
  const auto next = unit_at(unit.end).kind;
  if (unit.kind == Kind::currency) return next == Kind::digit;
  return unit.kind == Kind::sigil && !after_word &&
         (is_word(next) || next == Kind::ideograph || next == Kind::dictionary);
}

void Tokenizer::read_word(Token& token) {
  auto& word = token.surface;
  word.clear();
  token.begin = static_cast<std::uint32_t>(at_);
  auto end = at_;
  WordShape shape;
  while (at_ < text_.size()) {
    if (const auto run = plain_run(text_, at_); run > 0) {
      // The short way for most of most texts.
      for (std::size_t i = at_; i < at_ + run; ++i) {
        const auto byte = static_cast<unsigned char>(text_[i]);
        shape.add(byte <= '9' ? Kind::digit : Kind::letter, byte);
        if (word.size() < max_word_bytes)
          word += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : text_[i];
      }
      at_ += run;
      end = at_;
      continue;
    }
    const auto unit = unit_at(at_);
    if (is_word(unit.kind)) {
      shape.add(unit.kind, unit.character);
      if (word.size() + unit.text.size() <= max_word_bytes) word += unit.text;
      at_ = end = unit.end;
    } else if (unit.kind == Kind::invisible) {
      at_ = unit.end;
    } else if (!read_joiner(unit, shape, word)) {
      break;
    }
  }
  const auto rest = text_.substr(at_);
  std::string_view suffix;
  if (shape.last == Kind::letter && at_ == end) {
    if (rest.starts_with("++")) suffix = "++";
    if (rest.starts_with('#') && word.size() == 1 && !is_word_at(at_ + 1)) suffix = "#";
  }
  word += suffix;
  at_ += suffix.size();
  token.end = static_cast<std::uint32_t>(end + suffix.size());
  word_end_ = at_;
  word_ends_in_digit_ = shape.last == Kind::digit;
}

// A character between two parts of one word. True when the word goes on behind it.
bool Tokenizer::read_joiner(const Unit& unit, WordShape& shape, std::string& word) {
  if (unit.end >= text_.size()) return false;
  if (unit.kind == Kind::apostrophe) return read_apostrophe(unit, shape, word);
  const auto next = unit_at(unit.end);
  const bool between_digits = shape.last == Kind::digit && next.kind == Kind::digit;
  if (unit.character == '.') {
    const bool between_initials =
        shape.is_initials && shape.letters == 1 && next.kind == Kind::letter && !is_word_at(next.end);
    if (!between_digits && !between_initials) return false;
    shape.letters = 0;
    if (word.size() < max_word_bytes) word += '.';
  } else if (unit.character == ',') {
    if (!between_digits || !is_thousands_group(unit.end)) return false;
  } else if (unit.character != '"' || !is_hebrew(shape.last_character) || !is_hebrew(next.character)) {
    return false;  // Hebrew acronyms are written with a quotation mark before their last letter
  }
  at_ = unit.end;
  return true;
}

bool Tokenizer::is_thousands_group(std::size_t at) const {
  const auto is_digit = [this](std::size_t i) {
    return i < text_.size() && text_[i] >= '0' && text_[i] <= '9';
  };
  return is_digit(at) && is_digit(at + 1) && is_digit(at + 2) && !is_digit(at + 3);
}

bool Tokenizer::read_apostrophe(const Unit& unit, const WordShape& shape, std::string_view word) {
  const auto next = unit_at(unit.end);
  if (next.kind != Kind::letter) return false;
  if (next.text == "s" && !is_word_at(next.end)) {
    at_ = next.end;
    return false;
  }
  if (shape.last != Kind::letter) return false;
  at_ = unit.end;
  return std::ranges::find(elisions, word) == elisions.end();
}

void Tokenizer::queue_ideographs(const Unit& unit) {
  for (std::size_t from = 0, to = 0; from < unit.text.size(); from = to) {
    decode(unit.text, to);
    queued_.push_back({unit.text.substr(from, to - from), static_cast<std::uint32_t>(at_),
                       static_cast<std::uint32_t>(unit.end)});
  }
  std::ranges::reverse(queued_);
  at_ = unit.end;
}

void Tokenizer::queue_segments() {
  const auto begin = at_;
  for (auto next = at_; next < text_.size() && next - begin < max_run_bytes; at_ = next)
    if (const auto c = decode(text_, next); c < 0 || !is_dictionary_script(c)) break;
  const auto run = text_.substr(begin, at_ - begin);
  std::size_t from = 0;
  for (const auto to : word_ends(run)) {
    auto surface = fold_case(whole_characters(run.substr(from, to - from), max_word_bytes));
    std::size_t first = 0;
    if (!surface.empty() && is_word(kind_of(decode(surface, first))))
      queued_.push_back({std::move(surface), static_cast<std::uint32_t>(begin + from),
                         static_cast<std::uint32_t>(begin + to)});
    from = to;
  }
  std::ranges::reverse(queued_);
}

bool Tokenizer::take_queued(Token& token) {
  if (queued_.empty()) return false;
  token = std::move(queued_.back());
  queued_.pop_back();
  word_end_ = token.end;
  word_ends_in_digit_ = false;
  return true;
}

}  // namespace crier
