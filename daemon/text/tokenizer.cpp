#include "text/tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include "text/characters.hpp"
#include "text/fold.hpp"

namespace crier {
namespace {

using Kind = CharacterKind;

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

// What English puts behind an apostrophe in place of a word (he'll), besides the s and the t of isn't.
constexpr std::array<std::string_view, 5> contractions{"ll", "re", "ve", "d", "m"};

// What a byte says of itself, without its neighbours.
struct PlainByte {
  char folded = 0;         // of an ASCII letter or digit
  bool separates = false;  // an ASCII character that can begin nothing: white space and most punctuation
  bool ends_word = false;  // an ASCII character that no word made of plain bytes goes on with
  bool may_join = false;   // one of . , ' that may stand within a word
};

constexpr auto plain_bytes = [] {
  std::array<PlainByte, 256> table{};
  for (unsigned i = 0; i < 0x80; ++i) {
    const auto c = static_cast<char>(i);
    auto& byte = table[i];
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) byte.folded = c;
    if (c >= 'A' && c <= 'Z') byte.folded = static_cast<char>(c + 32);
    byte.may_join = c == '.' || c == ',' || c == '\'';
    byte.separates = byte.folded == 0 && c != '\'' && c != '@' && c != '#' && c != '$';
    // C++ and C#; Hebrew words go on behind a quotation mark, but are not plain.
    byte.ends_word = byte.folded == 0 && !byte.may_join && c != '+' && c != '#';
  }
  return table;
}();

const PlainByte& plain_byte(char c) {
  return plain_bytes[static_cast<unsigned char>(c)];
}

bool is_digit(std::int32_t c) {
  return c >= '0' && c <= '9';
}

bool is_hebrew(std::int32_t c) {
  return c >= 0x05D0 && c <= 0x05EA;
}

// Whether the character at `at` may change, or be changed by, the one before it when text is normalised.
bool joins_backwards(std::string_view text, std::size_t at) {
  if (at >= text.size() || static_cast<unsigned char>(text[at]) < 0xCC) return false;  // below U+0300
  const auto c = decode_character(text, at);
  return c >= 0 && character_of(c).joins_backwards;
}

// How many ASCII letters and digits stand at `at` that nothing behind them can change.
std::size_t plain_run(std::string_view text, std::size_t at) {
  auto end = at;
  while (end < text.size() && plain_byte(text[end]).folded != 0) ++end;
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
  std::size_t end = 0;         // where the next unit begins
  std::string text;            // folded; empty unless part of a word, an ideograph or a currency sign
  std::int32_t character = 0;  // the first one, before folding
};

// What the word read so far looks like.
struct Tokenizer::WordShape {
  Kind last = Kind::other;
  int letters = 0;          // since the last dot
  bool is_initials = true;  // "u", "u.s"
  std::int32_t last_character = 0;

  void add(Kind kind, std::int32_t character) {
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
    const auto kind = kind_of_ascii(first);
    const auto folded = plain_byte(text_[at]).folded;
    return {kind, at + 1, kind == Kind::other ? "" : std::string(1, folded != 0 ? folded : text_[at]), first};
  }
  auto end = at;
  const auto c = decode_character(text_, end);
  if (c < 0) return {Kind::other, end, {}, c};
  if (c >= 0x80) {
    const auto character = character_of(c);
    if (character.stands_alone || (!character.is_long() && !joins_backwards(text_, end)))
      return {character.kind, end, std::string(character.text()), c};
  }
  for (int marks = 0; marks < max_marks && joins_backwards(text_, end); ++marks) decode_character(text_, end);
  auto part = fold_word_part(text_.substr(at, end - at));
  return {part.kind, end, std::move(part.text), c};
}

bool Tokenizer::is_word_at(std::size_t at) const {
  return at < text_.size() && is_word(unit_at(at).kind);
}

// Whether a word that ends before `at` goes on there, after what nobody sees.
bool Tokenizer::goes_on_at(std::size_t at) const {
  while (at < text_.size()) {
    const auto unit = unit_at(at);
    if (unit.kind != Kind::invisible) return is_word(unit.kind);
    at = unit.end;
  }
  return false;
}

bool Tokenizer::next(Token& token) {
  while (!take_queued(token)) {
    while (at_ < text_.size() && plain_byte(text_[at_]).separates) ++at_;
    if (at_ >= text_.size()) return false;
    if (read_plain_word(token)) return true;
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
      taken_ = unit.text;
      token = {taken_, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(unit.end)};
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

// The short way for most words of most texts: ASCII letters and digits with ASCII behind them that certainly
// ends the word. False, without having read anything, where that is not so.
bool Tokenizer::read_plain_word(Token& token) {
  const auto most = text_.substr(at_, max_word_bytes);
  std::size_t size = 0;
  for (; size < most.size(); ++size) {
    const auto folded = plain_byte(most[size]).folded;
    if (folded == 0) break;
    word_[size] = folded;
  }
  if (size == 0) return false;
  const auto end = at_ + size;
  if (end < text_.size()) {
    const auto& byte = plain_byte(text_[end]);
    const bool joins_nothing =
        byte.may_join && (end + 1 == text_.size() || plain_byte(text_[end + 1]).separates);
    if (!byte.ends_word && !joins_nothing) return false;
  }
  word_size_ = size;
  token = {word(), static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(end), true};
  at_ = word_end_ = end;
  word_ends_in_digit_ = is_digit(word_[size - 1]);
  return true;
}

void Tokenizer::read_word(Token& token) {
  word_size_ = 0;
  token.begin = static_cast<std::uint32_t>(at_);
  auto end = at_;
  WordShape shape;
  while (at_ < text_.size()) {
    if (const auto run = plain_run(text_, at_); run > 0) {
      read_plain_run(run, shape);
      end = at_;
      continue;
    }
    const auto unit = unit_at(at_);
    if (is_word(unit.kind)) {
      shape.add(unit.kind, unit.character);
      append(unit.text);
      at_ = end = unit.end;
    } else if (unit.kind == Kind::invisible) {
      at_ = unit.end;
    } else if (!read_joiner(unit, shape)) {
      break;
    }
  }
  const auto rest = text_.substr(at_);
  std::size_t suffix = 0;
  if (shape.last == Kind::letter && at_ == end) {
    if (rest.starts_with("++")) suffix = 2;
    if (rest.starts_with('#') && word_size_ == 1 && !is_word_at(at_ + 1)) suffix = 1;
  }
  for (const auto c : rest.substr(0, suffix)) append(c);
  at_ += suffix;
  token.surface = word();
  token.end = static_cast<std::uint32_t>(end + suffix);
  token.is_plain = false;
  word_end_ = at_;
  word_ends_in_digit_ = shape.last == Kind::digit;
}

void Tokenizer::read_plain_run(std::size_t size, WordShape& shape) {
  for (const auto c : text_.substr(at_, size)) {
    shape.add(is_digit(c) ? Kind::digit : Kind::letter, c);
    if (word_size_ < max_word_bytes) append(plain_byte(c).folded);
  }
  at_ += size;
}

void Tokenizer::append(std::string_view part) {
  if (word_size_ + part.size() > max_word_bytes) return;
  std::ranges::copy(part, word_.begin() + static_cast<std::ptrdiff_t>(word_size_));
  word_size_ += part.size();
}

// A character between two parts of one word. True when the word goes on behind it.
bool Tokenizer::read_joiner(const Unit& unit, WordShape& shape) {
  if (unit.end >= text_.size()) return false;
  if (unit.kind == Kind::apostrophe) return read_apostrophe(unit, shape);
  const auto next = unit_at(unit.end);
  const bool between_digits = shape.last == Kind::digit && next.kind == Kind::digit;
  if (unit.character == '.') {
    const bool between_initials =
        shape.is_initials && shape.letters == 1 && next.kind == Kind::letter && !is_word_at(next.end);
    if (!between_digits && !between_initials) return false;
    shape.letters = 0;
    if (word_size_ < max_word_bytes) append('.');
  } else if (unit.character == ',') {
    if (!between_digits || !is_thousands_group(unit.end)) return false;
  } else if (unit.character != '"' || !is_hebrew(shape.last_character) || !is_hebrew(next.character)) {
    return false;  // Hebrew acronyms are written with a quotation mark before their last letter
  }
  at_ = unit.end;
  return true;
}

bool Tokenizer::is_thousands_group(std::size_t at) const {
  const auto is_digit_at = [this](std::size_t i) { return i < text_.size() && is_digit(text_[i]); };
  return is_digit_at(at) && is_digit_at(at + 1) && is_digit_at(at + 2) && !is_digit_at(at + 3);
}

bool Tokenizer::read_apostrophe(const Unit& unit, const WordShape& shape) {
  const auto next = unit_at(unit.end);
  if (next.kind != Kind::letter) return false;
  if (next.text == "s" && !goes_on_at(next.end)) {
    at_ = next.end;
    return false;
  }
  if (shape.last != Kind::letter) return false;
  const bool is_elision = std::ranges::find(elisions, word()) != elisions.end();
  if (!is_elision && is_contraction_at(unit.end)) append(std::string_view("'"));
  at_ = unit.end;
  return !is_elision;
}

// Behind an apostrophe. Of words like gov't, which is also written govt, the t is none.
bool Tokenizer::is_contraction_at(std::size_t at) const {
  const auto is_there = [&](std::string_view letters) {
    const auto there = text_.substr(at, letters.size());
    const auto same = [](char c, char letter) { return plain_byte(c).folded == letter; };
    return std::ranges::equal(there, letters, same) && !goes_on_at(at + letters.size());
  };
  return std::ranges::any_of(contractions, is_there) || (word().ends_with('n') && is_there("t"));
}

void Tokenizer::queue_ideographs(const Unit& unit) {
  for (std::size_t from = 0, to = 0; from < unit.text.size(); from = to) {
    decode_character(unit.text, to);
    queued_.push_back({unit.text.substr(from, to - from), static_cast<std::uint32_t>(at_),
                       static_cast<std::uint32_t>(unit.end)});
  }
  std::ranges::reverse(queued_);
  at_ = unit.end;
}

void Tokenizer::queue_segments() {
  const auto begin = at_;
  for (auto next = at_; next < text_.size() && next - begin < max_run_bytes; at_ = next)
    if (const auto c = decode_character(text_, next); c < 0x80 || character_of(c).kind != Kind::dictionary)
      break;
  const auto run = text_.substr(begin, at_ - begin);
  std::size_t from = 0;
  for (const auto to : word_ends(run)) {
    auto surface = fold_case(whole_characters(run.substr(from, to - from), max_word_bytes));
    if (is_word(first_kind(surface)))
      queued_.push_back({std::move(surface), static_cast<std::uint32_t>(begin + from),
                         static_cast<std::uint32_t>(begin + to)});
    from = to;
  }
  std::ranges::reverse(queued_);
}

bool Tokenizer::take_queued(Token& token) {
  if (queued_.empty()) return false;
  taken_ = std::move(queued_.back().surface);
  token = {taken_, queued_.back().begin, queued_.back().end};
  queued_.pop_back();
  word_end_ = token.end;
  word_ends_in_digit_ = false;
  return true;
}

}  // namespace crier
