#include "story/page_tags.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "story/page_line.hpp"
#include "story/plain_text.hpp"

namespace crier::page {
namespace {

constexpr std::size_t max_tag_line_bytes = 200;
constexpr std::size_t shortest_piece = 3;  // "iPhone" and "McDonald" are one word each

// UN M49 regions and the further names that newsrooms give to parts of the world.
constexpr std::array<std::string_view, 38> known_regions{"Africa",
                                                         "North Africa",
                                                         "Northern Africa",
                                                         "West Africa",
                                                         "Western Africa",
                                                         "East Africa",
                                                         "Eastern Africa",
                                                         "Central Africa",
                                                         "Middle Africa",
                                                         "Southern Africa",
                                                         "Sub-Saharan Africa",
                                                         "Americas",
                                                         "North America",
                                                         "Northern America",
                                                         "Central America",
                                                         "South America",
                                                         "Latin America",
                                                         "Caribbean",
                                                         "Asia",
                                                         "Central Asia",
                                                         "East Asia",
                                                         "Eastern Asia",
                                                         "South Asia",
                                                         "Southern Asia",
                                                         "Southeast Asia",
                                                         "South-eastern Asia",
                                                         "Western Asia",
                                                         "Asia Pacific",
                                                         "Middle East",
                                                         "Gulf",
                                                         "Europe",
                                                         "Eastern Europe",
                                                         "Northern Europe",
                                                         "Southern Europe",
                                                         "Western Europe",
                                                         "Oceania",
                                                         "Pacific",
                                                         "Antarctica"};

std::u32string to_characters(std::string_view text) {
  std::u32string out;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(bytes, at, size, c);
    out += static_cast<char32_t>(c);
  }
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) {
    std::array<char, U8_MAX_LENGTH> bytes{};
    std::int32_t length = 0;
    U8_APPEND_UNSAFE(bytes.data(), length, static_cast<UChar32>(c));
    out.append(bytes.data(), static_cast<std::size_t>(length));
  }
  return out;
}

// Case folded character by character, so that positions stay the same.
std::u32string fold(std::u32string text) {
  for (char32_t& c : text)
    c = static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT));
  return text;
}

bool is_separator(char32_t c) {
  return std::u32string_view(U" ,;|/·•").find(c) != std::u32string_view::npos;
}

bool is_case_change(const std::u32string& text, std::size_t at) {
  return at > 0 && u_islower(static_cast<UChar32>(text[at - 1])) && u_isupper(static_cast<UChar32>(text[at]));
}

// The parts between hard separators; a space may belong to a tag.
std::vector<std::u32string> split_parts(const std::u32string& line) {
  std::vector<std::u32string> parts(1);
  for (const char32_t c : line) {
    if (c != U' ' && is_separator(c))
      parts.emplace_back();
    else if (c != U' ' || !parts.back().empty())
      parts.back() += c;
  }
  for (auto& part : parts)
    while (part.ends_with(U' ')) part.pop_back();
  std::erase_if(parts, [](const auto& part) { return part.empty(); });
  return parts;
}

std::vector<std::u32string> split_at_case_changes(const std::u32string& part) {
  std::vector<std::u32string> pieces;
  std::size_t from = 0;
  for (std::size_t at = 1; at < part.size(); ++at) {
    const bool long_enough = at - from >= shortest_piece && part.size() - at >= shortest_piece;
    if (!is_case_change(part, at) || !long_enough) continue;
    pieces.push_back(part.substr(from, at - from));
    from = at;
  }
  pieces.push_back(part.substr(from));
  return pieces;
}

void add_once(std::vector<std::string>& tags, std::string tag) {
  if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(std::move(tag));
}

}  // namespace

TagReader::TagReader(const Vocabulary* vocabulary) {
  const auto add = [&](std::string_view word, bool is_region) {
    auto folded = fold(to_characters(tidy_line(word)));
    if (!folded.empty()) words_.push_back({std::move(folded), is_region});
  };
  if (vocabulary) {
    for (const auto& word : vocabulary->topics) add(word, false);
    for (const auto& word : vocabulary->regions) add(word, true);
  }
  for (const auto word : known_regions) add(word, true);
  // Stable: what ops configured goes before what is built in.
  std::stable_sort(words_.begin(), words_.end(),
                   [](const Word& a, const Word& b) { return a.folded.size() > b.folded.size(); });
}

// Covers the whole text with known words; separators may stand between them, but need not. Works from the
// end: best[i] is the first word of a cover of what follows i, so that no text takes more than length ×
// words.
bool TagReader::cover(const std::u32string& folded, std::vector<Piece>& pieces) const {
  const auto size = folded.size();
  std::vector<const Word*> best(size + 1, nullptr);
  std::vector<bool> covered(size + 1, false);
  covered[size] = true;
  for (std::size_t i = size; i-- > 0;) {
    for (const auto& word : words_) {
      const auto end = i + word.folded.size();
      if (end > size || !covered[end] || folded.compare(i, word.folded.size(), word.folded) != 0) continue;
      best[i] = &word;
      covered[i] = true;
      break;
    }
    if (!covered[i]) covered[i] = is_separator(folded[i]) && covered[i + 1];
  }
  if (!covered[0]) return false;
  for (std::size_t i = 0; i < size;) {
    if (!best[i]) {
      ++i;
      continue;
    }
    pieces.push_back({i, best[i]->folded.size(), best[i]->is_region});
    i += best[i]->folded.size();
  }
  return !pieces.empty();
}

bool TagReader::knows(std::string_view line) const {
  if (line.size() > max_tag_line_bytes) return false;
  std::vector<Piece> pieces;
  return cover(fold(to_characters(line)), pieces);
}

bool TagReader::resembles_tags(std::string_view line) const {
  if (line.size() > max_tag_line_bytes || count_words(line) > 6 || ends_sentence(line)) return false;
  const auto characters = to_characters(line);
  const auto parts = split_parts(characters);
  const bool glued = std::any_of(parts.begin(), parts.end(),
                                 [](const auto& part) { return split_at_case_changes(part).size() > 1; });
  const bool lists_known = parts.size() > 1 && std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
                             std::vector<Piece> pieces;
                             return cover(fold(part), pieces);
                           });
  const bool lower_case = std::none_of(characters.begin(), characters.end(), [](char32_t c) {
    return u_isupper(static_cast<UChar32>(c)) || u_isdigit(static_cast<UChar32>(c));
  });
  const bool has_letters = std::any_of(characters.begin(), characters.end(),
                                       [](char32_t c) { return u_isalpha(static_cast<UChar32>(c)); });
  return has_letters && (glued || lists_known || lower_case);
}

Tags TagReader::read(std::string_view line) const {
  Tags tags;
  const auto sort_out = [&](const std::u32string& text) {
    std::vector<Piece> pieces;
    if (!cover(fold(text), pieces)) return false;
    for (const auto& piece : pieces)
      add_once(piece.is_region ? tags.regions : tags.topics, to_utf8(text.substr(piece.from, piece.size)));
    return true;
  };
  const auto characters = to_characters(cut_text(line, max_tag_line_bytes));
  if (sort_out(characters)) return tags;
  for (const auto& part : split_parts(characters)) {
    if (sort_out(part)) continue;
    for (const auto& piece : split_at_case_changes(part))
      if (!sort_out(piece)) add_once(tags.topics, tidy_line(to_utf8(piece)));
  }
  return tags;
}

}  // namespace crier::page
