#include "base/unicode.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>
#include <unicode/brkiter.h>
#include <unicode/idna.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>
#include <unicode/utf8.h>

#include "base/encoding.hpp"

namespace crier {
namespace {

constexpr std::string_view ellipsis = "…";
constexpr std::size_t longest_host_name = 253;  // RFC 1035 §2.3.4, without the final dot

bool is_ascii(std::string_view text) {
  unsigned char all = 0;  // without an early end compilers look at many bytes at once
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

using MakeIterator = icu::BreakIterator* (*)(const icu::Locale&, UErrorCode&);

// The byte offsets of the boundaries after the first. ICU measures in 32 bits: callers hold far smaller
// texts.
std::vector<std::size_t> boundaries(std::string_view text, MakeIterator make) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> breaks(make(icu::Locale::getRoot(), status));
  UText source = UTEXT_INITIALIZER;
  utext_openUTF8(&source, text.data(), static_cast<std::int64_t>(text.size()), &status);
  if (U_SUCCESS(status)) breaks->setText(&source, status);
  if (U_FAILURE(status)) throw std::runtime_error("ICU cannot segment text: is its data installed?");
  std::vector<std::size_t> ends;
  for (auto at = breaks->next(); at != icu::BreakIterator::DONE; at = breaks->next())
    ends.push_back(static_cast<std::size_t>(at));
  utext_close(&source);
  return ends;
}

template <class Visit>
void for_each_code_point(std::string_view text, Visit visit) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    const auto from = i;
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    visit(c, text.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(i - from)));
  }
}

bool is_space(UChar32 c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool reorders_text(UChar32 c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

// Calls visit(piece) for the pieces of a line that a break may follow: words with the spaces after them, and
// within a word of another script the places where its rules allow a break.
template <class Visit>
void for_each_breakable_piece(std::string_view line, Visit visit) {
  std::size_t from = 0;
  if (is_ascii(line)) {  // most lines; opening an ICU iterator costs more than all of this
    for (std::size_t end = 1; end < line.size(); ++end) {
      if (line[end - 1] != ' ' || line[end] == ' ') continue;
      visit(line.substr(from, end - from));
      from = end;
    }
    return visit(line.substr(from));
  }
  const auto ends = boundaries(line, icu::BreakIterator::createLineInstance);
  for (const auto end : ends) {
    const bool inside_ascii = end < line.size() && line[end - 1] != ' ' && is_ascii(line.substr(end - 1, 2));
    if (inside_ascii) continue;
    visit(line.substr(from, end - from));
    from = end;
  }
}

std::string_view without_trailing_spaces(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

void wrap_line(std::string_view line, int columns, std::string& out) {
  line = without_trailing_spaces(line);
  if (std::cmp_less_equal(line.size(), columns) || display_width(line) <= columns) {
    out += line;
    return;
  }
  const auto indent =
      line.substr(0, std::min(line.find_first_not_of(' '), static_cast<std::size_t>(columns / 2)));
  auto begin = out.size();  // of the line being written
  int width = 0;
  const auto begin_line = [&] {
    begin = out.size();
    out += indent;
    width = display_width(indent);
  };
  const auto end_line = [&] {
    out.resize(begin + without_trailing_spaces(std::string_view(out).substr(begin)).size());
  };
  bool fresh = true;
  begin_line();
  for_each_breakable_piece(line.substr(indent.size()), [&](std::string_view piece) {
    if (!fresh && width + display_width(without_trailing_spaces(piece)) > columns) {
      end_line();
      out += '\n';
      begin_line();
    }
    out += piece;
    width += display_width(piece);
    fresh = false;
  });
  end_line();
}

}  // namespace

int display_width(std::string_view text) {
  if (is_ascii(text)) return static_cast<int>(text.size());
  int width = 0;
  for_each_code_point(text, [&](UChar32 c, std::string_view) {
    const auto type = u_charType(c);
    if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR) return;
    const auto east_asian = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    width += east_asian == U_EA_WIDE || east_asian == U_EA_FULLWIDTH ? 2 : 1;
  });
  return width;
}

std::vector<std::size_t> grapheme_ends(std::string_view text) {
  if (is_ascii(text) && text.find('\r') == std::string_view::npos) {
    std::vector<std::size_t> ends(text.size());
    std::iota(ends.begin(), ends.end(), std::size_t{1});
    return ends;
  }
  return boundaries(text, icu::BreakIterator::createCharacterInstance);
}

std::string shorten(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  if (max_bytes < ellipsis.size()) return {};
  const auto room = max_bytes - ellipsis.size();
  // Only what may stay needs segmenting, and a little more, so that the last boundary is a true one.
  auto window = std::min(text.size(), room + 256);
  while (window < text.size() && (static_cast<unsigned char>(text[window]) & 0xC0) == 0x80) ++window;
  std::size_t cut = 0;
  std::size_t word_end = 0;
  for (const auto end : grapheme_ends(text.substr(0, window))) {
    if (end > room) break;
    cut = end;
    if (end < text.size() && text[end] == ' ') word_end = end;
  }
  // A word that fills more than the last third is cut inside: better half a word than half a sentence less.
  if (word_end > cut - cut / 3) cut = word_end;
  return std::string(without_trailing_spaces(text.substr(0, cut))).append(ellipsis);
}

std::string fit_columns(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::size_t cut = 0;
  int width = 1;  // of the ellipsis
  for (std::size_t begin = 0; const auto end : grapheme_ends(text)) {
    width += display_width(text.substr(begin, end - begin));
    if (width > columns) break;
    begin = cut = end;
  }
  return std::string(without_trailing_spaces(text.substr(0, cut))).append(ellipsis);
}

std::string single_line(std::string_view text) {
  const auto repaired = repair_utf8(text);
  std::string out;
  out.reserve(repaired.size());
  bool pending_space = false;
  for_each_code_point(repaired, [&](UChar32 c, std::string_view bytes) {
    if (is_space(c)) {
      pending_space = !out.empty();
    } else if (u_charType(c) != U_CONTROL_CHAR && !reorders_text(c)) {
      if (pending_space) out += ' ';
      pending_space = false;
      out += bytes;
    }
  });
  return out;
}

std::string to_nfc(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  static const auto* nfc = icu::Normalizer2::getNFCInstance(status);
  if (nfc == nullptr) throw std::runtime_error("ICU cannot normalise text: is its data installed?");
  const auto source = repair_utf8(text);
  std::string out;
  nfc->normalize(icu::UnicodeString::fromUTF8(source), status).toUTF8String(out);
  return out;
}

std::string wrap_lines(std::string_view text, int columns) {
  if (!is_valid_utf8(text)) return wrap_lines(repair_utf8(text), columns);
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  auto rest = text;
  for (;;) {
    const auto end = rest.find('\n');
    wrap_line(rest.substr(0, end), columns, out);
    if (end == std::string_view::npos) return out;
    out += '\n';
    rest.remove_prefix(end + 1);
  }
}

bool is_right_to_left(std::string_view language) {
  UErrorCode status = U_ZERO_ERROR;
  const auto locale =
      icu::Locale::forLanguageTag({language.data(), static_cast<std::int32_t>(language.size())}, status);
  return U_SUCCESS(status) && locale.isRightToLeft() != 0;
}

bool is_dot_atom(std::string_view local) {
  const auto is_atom_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  };
  if (local.empty() || local.starts_with('.') || local.ends_with('.') ||
      local.find("..") != std::string_view::npos ||
      !std::ranges::all_of(local, [&](char c) { return c == '.' || is_atom_character(c); }))
    return false;
  return is_ascii(local) || (is_valid_utf8(local) && single_line(local) == local);
}

bool is_plain_host_name(std::string_view name) {
  constexpr std::size_t longest_label = 63;
  if (name.size() > longest_host_name) return false;
  std::size_t label = 0;  // where it begins
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && name[i] != '.') {
      const char c = name[i];
      const bool inside = i > label && i + 1 < name.size() && name[i + 1] != '.';
      // Only an A-label may have two hyphens after its first two letters.
      const bool hyphen = c == '-' && inside && !(i == label + 3 && name[i - 1] == '-');
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || hyphen)) return false;
    } else {
      if (i == label || i - label > longest_label) return false;
      label = i + 1;
    }
  }
  return true;
}

Result<std::string> domain_to_ascii(std::string_view domain) {
  if (is_plain_host_name(domain)) return std::string(domain);
  const auto refuse = [&] {
    return Error{fmt::format("\"{}\" is not a host name", single_line(domain.substr(0, longest_host_name)))};
  };
  if (domain.empty() || domain.size() > 4 * longest_host_name || !is_valid_utf8(domain)) return refuse();
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::IDNA> idna(icu::IDNA::createUTS46Instance(
      UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ,
      status));
  if (U_FAILURE(status)) throw std::runtime_error("ICU cannot map host names: is its data installed?");
  std::string ascii;
  icu::StringByteSink<std::string> sink(&ascii);
  icu::IDNAInfo info;
  idna->nameToASCII_UTF8({domain.data(), static_cast<std::int32_t>(domain.size())}, sink, info, status);
  if (U_FAILURE(status) || info.hasErrors() || ascii.empty() || ascii.size() > longest_host_name ||
      !is_ascii(ascii) || ascii.starts_with('.') || ascii.ends_with('.'))
    return refuse();
  return ascii;
}

}  // namespace crier
