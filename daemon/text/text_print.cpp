#include "text/text_print.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "story/story.hpp"
#include "text/tokenizer.hpp"

namespace crier {
namespace {

constexpr std::uint64_t seed = 0xCBF2'9CE4'8422'2325ULL;

// FNV-1a (Fowler, Noll, Vo).
std::uint64_t hash_word(std::string_view word) {
  auto hash = seed;
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3ULL;
  return hash;
}

// Splitmix64's finish (Steele et al. 2014): every bit of a simhash must be as good as the others.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBULL;
  return x ^ (x >> 31);
}

std::uint64_t append(std::uint64_t hash, std::uint64_t word) {
  return mix(hash * 3 + word);
}

std::vector<std::uint64_t> words_of(std::string_view text) {
  std::vector<std::uint64_t> words;
  Tokenizer tokenizer(text);
  Token token;
  while (tokenizer.next(token)) words.push_back(hash_word(token.surface));
  return words;
}

std::size_t letter_count(std::string_view word) {
  return static_cast<std::size_t>(
      std::ranges::count_if(word, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Words of four letters or more, and pairs of signs in scripts whose signs are words: what is shorter links
// words more often than it says something.
std::vector<std::uint32_t> telling_hashes(std::string_view title) {
  constexpr std::size_t telling_letters = 4;
  std::vector<std::uint32_t> words;
  std::uint64_t sign_before = 0;
  Tokenizer tokenizer(title);
  Token token;
  while (tokenizer.next(token)) {
    const auto hash = hash_word(token.surface);
    const auto letters = letter_count(token.surface);
    const bool is_sign = letters == 1 && token.surface.size() > 2;
    if (letters >= telling_letters) words.push_back(static_cast<std::uint32_t>(hash));
    if (is_sign && sign_before != 0) words.push_back(static_cast<std::uint32_t>(append(sign_before, hash)));
    sign_before = is_sign ? hash : 0;
  }
  std::ranges::sort(words);
  const auto repeats = std::ranges::unique(words);
  words.erase(repeats.begin(), repeats.end());
  return words;
}

std::uint64_t hash_all(std::uint64_t hash, const std::vector<std::uint64_t>& words) {
  for (const auto word : words) hash = append(hash, word);
  return hash;
}

std::uint64_t simhash(const std::vector<std::uint64_t>& words) {
  std::array<std::int32_t, 64> votes{};
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    const auto shingle = append(append(append(seed, words[i]), words[i + 1]), words[i + 2]);
    for (std::size_t bit = 0; bit < votes.size(); ++bit)
      votes[bit] += static_cast<std::int32_t>(shingle >> bit & 1) * 2 - 1;
  }
  std::uint64_t hash = 0;
  for (std::size_t bit = 0; bit < votes.size(); ++bit)
    if (votes[bit] > 0) hash |= std::uint64_t{1} << bit;
  return hash;
}

}  // namespace

TextPrint print_text(const Story& story) {
  const auto title = words_of(story.title);
  const auto text = words_of(story.body_text.empty() ? story.summary : story.body_text);
  TextPrint print;
  const auto title_hash = hash_all(seed, title);
  if (!title.empty()) print.title = title_hash;
  print.title_length = static_cast<std::uint32_t>(title.size());
  print.title_words = telling_hashes(story.title);
  print.whole = hash_all(append(title_hash, seed), text);
  print.words = static_cast<std::uint32_t>(text.size());
  print.simhash = text.size() < short_text ? print.whole : simhash(text);
  return print;
}

}  // namespace crier
