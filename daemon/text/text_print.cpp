#include "text/text_print.hpp"

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
  print.title = hash_all(seed, title);
  print.whole = hash_all(append(print.title, seed), text);
  print.words = static_cast<std::uint32_t>(text.size());
  print.simhash = text.size() < short_text ? print.whole : simhash(text);
  return print;
}

}  // namespace crier
