#include "story/charset.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "base/encoding.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

// The UTF-8 of the windows-1252 bytes 0x80 to 0xFF.
using UpperHalf = std::array<std::string, 128>;

UpperHalf make_upper_half() {
  UpperHalf out;
  UErrorCode status = U_ZERO_ERROR;
  const icu::LocalUConverterPointer windows_1252(ucnv_open("windows-1252", &status));
  for (unsigned i = 0; i < out.size(); ++i) {
    const char byte = static_cast<char>(0x80 + i);
    icu::UnicodeString(&byte, 1, windows_1252.getAlias(), status).toUTF8String(out[i]);
  }
  return out;
}

const UpperHalf& upper_half() {
  static const UpperHalf table = make_upper_half();
  return table;
}

// Keeps well-formed UTF-8 and reads every other byte as windows-1252: right for a file that is wholly
// windows-1252 and for one that was pasted together from both.
DecodedText repair_as_windows_1252(std::string_view bytes) {
  DecodedText out;
  out.text.reserve(bytes.size() + bytes.size() / 8);
  bool any_multibyte = false;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::int32_t>(bytes.size());
  for (std::int32_t at = 0; at < size;) {
    const auto start = at;
    UChar32 c = 0;
    U8_NEXT(data, at, size, c);
    if (c < 0) {
      at = start + 1;
      const auto byte = static_cast<unsigned char>(bytes[static_cast<std::size_t>(start)]);
      out.text += upper_half()[byte - 0x80U];
      continue;
    }
    any_multibyte = any_multibyte || at - start > 1;
    out.text.append(bytes, static_cast<std::size_t>(start), static_cast<std::size_t>(at - start));
  }
  out.encoding = any_multibyte ? "utf-8+windows-1252" : "windows-1252";
  return out;
}

// Names that ICU does not know by itself.
std::string icu_name(const std::string& label) {
  static const std::map<std::string_view, const char*> others{{"cp_is", "ibm-861"},
                                                              {"cp874", "windows-874"},
                                                              {"ibm039", "ibm-37"},
                                                              {"dbcs", "windows-1252"},
                                                              {"mbcs", "windows-1252"},
                                                              {"latin_1", "iso-8859-1"},
                                                              {"mac-cyrillic", "x-mac-cyrillic"},
                                                              {"maccyrillic", "x-mac-cyrillic"},
                                                              {"macgreek", "x-mac-greek"},
                                                              {"macturkish", "x-mac-turkish"},
                                                              {"maclatin2", "x-mac-centraleurroman"},
                                                              {"maccentraleurope", "x-mac-centraleurroman"},
                                                              {"macroman", "macintosh"},
                                                              {"ansi_x3.4-1968", "us-ascii"}};
  const auto found = others.find(label);
  return found == others.end() ? label : found->second;
}

bool is_latin_1(const std::string& label) {
  return label == "iso-8859-1" || label == "iso8859-1" || label == "latin1" || label == "latin-1" ||
         label == "iso_8859-1" || label == "windows-1252" || label == "cp1252";
}

bool is_ascii(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::string decode_latin_1(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else
      out += upper_half()[byte - 0x80U];
  }
  return out;
}

std::optional<std::string> decode_by_icu(std::string_view bytes, const std::string& label) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::LocalUConverterPointer converter(ucnv_open(icu_name(label).c_str(), &status));
  ucnv_setToUCallBack(converter.getAlias(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
  if (U_FAILURE(status)) return std::nullopt;
  std::string out(bytes.size() * 3 + 16, '\0');
  const auto length =
      ucnv_toAlgorithmic(UCNV_UTF8, converter.getAlias(), out.data(), static_cast<std::int32_t>(out.size()),
                         bytes.data(), static_cast<std::int32_t>(bytes.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  out.resize(static_cast<std::size_t>(length));
  return out;
}

// nullopt: the bytes are not what the label says.
std::optional<std::string> decode_as(std::string_view bytes, const std::string& label) {
  if (label == "utf-8") return is_valid_utf8(bytes) ? std::optional<std::string>(bytes) : std::nullopt;
  if (is_ascii(bytes) && (label == "us-ascii" || label == "ascii" || is_latin_1(label)))
    return std::string(bytes);
  if (label == "us-ascii" || label == "ascii") return std::nullopt;
  if (is_latin_1(label)) return decode_latin_1(bytes);
  auto decoded = decode_by_icu(bytes, label);
  // A declaration that can be read as ASCII cannot stand in a charset that is not like ASCII.
  if (decoded && bytes.starts_with("<?xml") && !decoded->starts_with("<?xml")) return std::nullopt;
  return decoded;
}

// How the bytes beyond ASCII look.
struct HighBytes {
  std::size_t characters = 0;  // of UTF-8
  std::size_t stray = 0;       // bytes that are none
  std::size_t letters = 0;     // of ASCII, outside tags
};

HighBytes look_at(std::string_view bytes) {
  HighBytes seen;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::int32_t>(bytes.size());
  bool in_tag = false;
  for (std::int32_t at = 0; at < size;) {
    const char c = bytes[static_cast<std::size_t>(at)];
    if (static_cast<unsigned char>(c) < 0x80) {
      in_tag = c == '<' || (in_tag && c != '>');
      seen.letters += !in_tag && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) ? 1 : 0;
      ++at;
      continue;
    }
    const auto start = at;
    UChar32 character = 0;
    U8_NEXT(data, at, size, character);
    if (character < 0) at = start + 1;
    ++(character < 0 ? seen.stray : seen.characters);
  }
  return seen;
}

// No text of another charset of some length is UTF-8 by chance; many files were converted, and still declare
// what they were.
bool is_surely_utf8(std::string_view bytes) {
  constexpr std::size_t enough = 8;
  if (!is_valid_utf8(bytes)) return false;
  std::size_t characters = 0;
  for (const char c : bytes) characters += static_cast<unsigned char>(c) >= 0xC0 ? 1 : 0;
  return characters >= enough;
}

// Whether windows-1252 would write it with ð, ý and þ, but without the vowels that Icelandic has beside them:
// of windows-1254 these are ğ, ı and ş, which no Turkish sentence is without. Most are ı; Romanian has ţ and
// Lithuanian š and ž at the places of the others.
bool is_turkish(std::string_view bytes) {
  constexpr std::size_t enough = 4;
  const auto count = [&](std::string_view set) {
    return static_cast<std::size_t>(
        std::ranges::count_if(bytes, [&](char c) { return set.find(c) != std::string_view::npos; }));
  };
  const auto letters = count("\xF0\xFD\xFE\xD0\xDD\xDE");
  return letters >= enough && 3 * count("\xFD") >= letters && letters > 4 * count("\xE1\xE9\xED\xF3\xFA\xE6");
}

// Thai in TIS-620, which ICU does not detect, and of which many pairs are UTF-8 by chance: its signs that
// stand above or below a letter follow one, and its words are not all of an even length, as those of the
// Chinese, Japanese and Korean charsets are that have two bytes a letter.
bool is_thai(std::string_view bytes, std::size_t latin_letters) {
  constexpr std::size_t enough = 40;
  std::size_t letters = 0, others = 0, run = 0;
  bool after_letter = false, has_odd_run = false;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_letter = byte >= 0xA1 && byte <= 0xCE;
    const bool is_sign = byte == 0xD1 || (byte >= 0xD4 && byte <= 0xDA) || (byte >= 0xE7 && byte <= 0xED);
    const bool is_vowel = byte >= 0xCF && byte <= 0xFB && (byte < 0xDB || byte > 0xDE);
    if ((byte > 0xA0 && !is_letter && !is_vowel) || (is_sign && !after_letter)) return false;
    letters += is_letter ? 1 : 0;
    others += is_vowel ? 1 : 0;
    after_letter = is_letter || is_sign;
    has_odd_run = has_odd_run || (byte < 0x80 && run % 2 == 1);
    run = byte < 0x80 ? 0 : run + 1;
  }
  return has_odd_run && letters >= enough && letters > others && letters > latin_letters / 4;
}

// Of a text that is not UTF-8 and of which nobody says rightly what it is: in another script than the Latin
// one, or in Turkish. Empty: it is not such a text, or nothing is likely.
std::string guess_charset(std::string_view bytes) {
  constexpr std::size_t looked_at = 64U << 10;
  constexpr std::int32_t least_confidence = 20;  // of 100
  bytes = bytes.substr(0, looked_at);
  const auto seen = look_at(bytes);
  if (is_thai(bytes, seen.letters)) return "windows-874";
  if (seen.stray <= 2 * seen.characters) return {};
  if (seen.stray < seen.letters) return is_turkish(bytes) ? "windows-1254" : "";
  UErrorCode status = U_ZERO_ERROR;
  const icu::LocalUCharsetDetectorPointer detector(ucsdet_open(&status));
  ucsdet_setText(detector.getAlias(), bytes.data(), static_cast<std::int32_t>(bytes.size()), &status);
  ucsdet_enableInputFilter(detector.getAlias(), true);
  const auto* match = ucsdet_detect(detector.getAlias(), &status);
  if (U_FAILURE(status) || !match || ucsdet_getConfidence(match, &status) < least_confidence) return {};
  const auto* const detected = ucsdet_getName(match, &status);
  if (U_FAILURE(status)) return {};
  const auto name = ascii_lower(detected);
  return name.starts_with("iso-8859-8") ? "windows-1255" : name;  // of which it is a part
}

// UTF-8 that a server vouches for: what is no character becomes U+FFFD.
DecodedText repair_vouched(std::string_view bytes) {
  auto mixed = repair_as_windows_1252(bytes);
  if (mixed.encoding == "windows-1252") return mixed;
  return {repair_utf8(bytes), "utf-8", {}};
}

// The charset whose shifts to two bytes a letter stand in it (RFC 1468, RFC 1557); empty when there are none.
// Read as ASCII it would be text, too, but of nobody's language.
std::string shifted_charset(std::string_view bytes, const CharsetLabels& labels) {
  if (bytes.find('\x1B') == std::string_view::npos) return {};
  for (const auto& declared : {labels.header, labels.document})
    if (declared.find("2022") != std::string::npos || declared.starts_with("jis")) return declared;
  if (bytes.find("\x1B$B") != std::string_view::npos || bytes.find("\x1B$@") != std::string_view::npos)
    return "iso-2022-jp";
  return bytes.find("\x1B$)C") != std::string_view::npos ? "iso-2022-kr" : "";
}

DecodedText decode(std::string_view bytes, const ResponseHeaders& headers) {
  const auto labels = find_charset_labels(bytes, headers);
  bytes.remove_prefix(labels.mark_length);
  // "<?" in two or four bytes a letter is as sure as a mark.
  const bool is_marked = labels.mark_length > 0 || labels.mark.starts_with("utf-");
  const auto shifted = shifted_charset(bytes, labels);
  // What is promised: the strongest word about it.
  const auto& promised = !labels.header.empty()         ? labels.header
                         : labels.assumed == "us-ascii" ? labels.assumed
                         : !labels.document.empty()     ? labels.document
                         : !labels.mark.empty()         ? labels.mark
                                                        : labels.assumed;
  const bool is_told_otherwise = promised != "utf-8" && promised != "us-ascii";
  const bool is_utf8 = !is_marked && shifted.empty() && is_told_otherwise && is_surely_utf8(bytes);
  std::vector<std::string> tried;
  // A byte order mark is hardly ever wrong, so it comes first (RFC 7303 §3.3).
  const auto first = is_marked          ? labels.mark
                     : !shifted.empty() ? shifted
                     : is_utf8          ? std::string("utf-8")
                                        : promised;
  for (const auto& label : {first, promised, labels.document, labels.mark, std::string("utf-8")}) {
    if (label.empty() || std::find(tried.begin(), tried.end(), label) != tried.end()) continue;
    tried.push_back(label);
    auto text = decode_as(bytes, label);
    if (!text) continue;
    DecodedText out{*std::move(text), label, {}};
    const bool is_assumption = labels.header.empty() && promised == "us-ascii" && tried.size() == 1;
    const bool is_same = label.starts_with(promised);  // "utf-16", and the mark says which
    if (!is_same && !is_assumption) out.breach = "declared as " + promised + ", but read as " + label;
    return out;
  }
  if (const auto guess = guess_charset(bytes); !guess.empty())
    if (auto text = decode_as(bytes, guess))
      return {*std::move(text), guess, "declared as " + promised + ", but read as " + guess + ", a guess"};
  auto out = labels.header == "utf-8" ? repair_vouched(bytes) : repair_as_windows_1252(bytes);
  out.breach = promised == "utf-8" ? "not valid UTF-8; read as " + out.encoding
                                   : "declared as " + promised + ", but read as " + out.encoding;
  return out;
}

enum class ByteKind : unsigned char { plain, space, control, return_, lead };  // lead: of U+0080 to U+00BF

constexpr std::array<ByteKind, 256> make_byte_kinds() {
  std::array<ByteKind, 256> kinds{};
  for (unsigned i = 0; i < 0x20; ++i) kinds[i] = ByteKind::control;
  kinds[0x7F] = ByteKind::control;
  kinds['\t'] = kinds['\n'] = ByteKind::plain;
  kinds['\v'] = kinds['\f'] = ByteKind::space;
  kinds['\r'] = ByteKind::return_;
  kinds[0xC2] = ByteKind::lead;
  return kinds;
}

constexpr auto byte_kinds = make_byte_kinds();

ByteKind kind_of(char c) {
  return byte_kinds[static_cast<unsigned char>(c)];
}

// In XML and in HTML alike.
bool is_forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && !(byte >= 9 && byte <= 13);
}

// Of markup the controls are dropped, for a feed with noise in it is a feed.
bool is_binary(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool is_markup = first != std::string_view::npos && text[first] == '<';
  if (!is_markup && text.find('\0') != std::string_view::npos) return true;
  // Without a table, so that the compiler counts many at once.
  std::size_t controls = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_white = byte >= 9 && byte <= 13;
    controls += static_cast<std::size_t>(((byte < 0x20) & !is_white) | (byte == 0x7F));
  }
  return controls * (is_markup ? 3 : 50) > text.size();
}

// Where the first byte is that clean_lines looks at; text.size() = there is none. Blocks are looked at
// without a table, so that the compiler compares many bytes at once.
std::size_t find_special(std::string_view text) {
  constexpr std::size_t block = 32;
  std::size_t at = 0;
  for (; at + block <= text.size(); at += block) {
    unsigned char any = 0;
    for (std::size_t i = 0; i < block; ++i) {
      const auto byte = static_cast<unsigned char>(text[at + i]);
      any |= static_cast<unsigned char>(((byte < 0x20) & (byte != '\t') & (byte != '\n')) | (byte == 0x7F) |
                                        (byte == 0xC2));
    }
    if (any != 0) break;
  }
  while (at < text.size() && kind_of(text[at]) == ByteKind::plain) ++at;
  return at;
}

// Lines end in "\n", without controls; U+0080 to U+009F are what windows-1252 has there.
std::string clean_lines(std::string text, std::size_t special) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  const auto end = text.size();
  for (std::size_t from = 0, at = special; from < end;) {
    while (at < end && kind_of(text[at]) == ByteKind::plain) ++at;
    out.append(text, from, at - from);
    if (at == end) break;
    const char next = at + 1 < end ? text[at + 1] : '\0';
    const auto kind = kind_of(text[at]);
    if (kind == ByteKind::lead) {
      append_repaired_controls(out, std::string_view(text).substr(at, 2));
      ++at;
    } else if (kind == ByteKind::space || kind == ByteKind::return_) {
      // Old printers' page and tab controls separate words as a line end does.
      out += '\n';
      if (kind == ByteKind::return_ && next == '\n') ++at;
    }
    from = ++at;
  }
  return out;
}

}  // namespace

void append_repaired_controls(std::string& out, std::string_view text) {
  for (auto at = text.find('\xC2'); at != std::string_view::npos && at + 1 < text.size();
       at = text.find('\xC2')) {
    const auto byte = static_cast<unsigned char>(text[at + 1]);
    out.append(text.substr(0, at));
    if (byte < 0xA0)
      out.append(upper_half()[byte - 0x80U]);
    else
      out.append(text.substr(at, 2));
    text.remove_prefix(at + 2);
  }
  out.append(text);
}

Result<DecodedText> decode_text(std::string_view bytes, const ResponseHeaders& headers) {
  auto decoded = decode(bytes, headers);
  const auto special = find_special(decoded.text);
  const bool is_clean = special == decoded.text.size();
  if (!is_clean && is_binary(decoded.text)) return Error{"not a text file"};
  if (decoded.text.find_first_not_of(" \t\r\n\v\f") == std::string::npos) return Error{"the file is empty"};
  if (is_clean) return decoded;
  const bool has_controls = std::ranges::any_of(decoded.text, is_forbidden);
  decoded.text = clean_lines(std::move(decoded.text), special);
  if (has_controls && decoded.breach.empty()) decoded.breach = "has control characters; they are left out";
  return decoded;
}

}  // namespace crier
