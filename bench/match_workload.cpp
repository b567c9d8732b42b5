#include "match_workload.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

namespace crier::bench {
namespace {

constexpr std::size_t vocabulary = 60'000;
constexpr std::size_t function_words = 150;  // "the", "of" and the like: nobody makes rules about them
constexpr std::size_t rule_rank = 1400;      // from here on words are what rules are about
constexpr std::size_t phrase_count = 20'000;
constexpr std::size_t story_words = 800;
constexpr std::array<std::string_view, 4> english_endings{"", "s", "ed", "ing"};
constexpr std::array<std::string_view, 4> russian_endings{"", "\u0430", "\u043e\u0432", "\u0430\u043c\u0438"};

constexpr std::size_t topics = 40;
constexpr std::size_t regions = 25;
constexpr std::size_t sections = 12;

// The nth word: syllables, and an ending that stemming leaves alone. Frequent words are short.
std::string make_word(std::size_t rank, bool is_russian) {
  constexpr std::size_t letter_bytes = 2;  // of a Cyrillic one
  const std::string_view consonants =
      is_russian ? "\u0431\u0434\u0444\u0433\u043a\u043b\u043c\u043d\u043f\u0440\u0442\u0432"
                 : "bdfgklmnprtv";
  const std::string_view vowels = is_russian ? "\u0430\u0435\u0438\u043e\u0443" : "aeiou";
  std::string word;
  auto rest = rank;
  const auto add = [&](std::string_view letters) {
    const auto size = is_russian ? letter_bytes : 1;
    const auto count = letters.size() / size;
    word += letters.substr(rest % count * size, size);
    rest /= count;
  };
  do {
    add(consonants);
    add(vowels);
  } while (rest > 0);
  word += is_russian ? "\u043d\u043a" : "nk";
  return word;
}

}  // namespace

Workload::Workload(std::uint64_t seed, bool is_russian) : random_(seed), is_russian_(is_russian) {
  for (std::size_t rank = 0; rank < vocabulary; ++rank) words_.push_back(make_word(rank, is_russian));
  for (std::size_t i = 0; i < phrase_count; ++i)
    phrases_.push_back({static_cast<std::uint32_t>(zipf(function_words, vocabulary)),
                        static_cast<std::uint32_t>(zipf(function_words, vocabulary))});
}

// A rank in [from, to), drawn by Zipf's law (the probability of rank r is proportional to 1 / r).
std::size_t Workload::zipf(std::size_t from, std::size_t to) {
  const auto low = std::log(static_cast<double>(from + 1));
  const auto high = std::log(static_cast<double>(to + 1));
  const auto rank = static_cast<std::size_t>(std::exp(low + fraction() * (high - low))) - 1;
  return std::clamp(rank, from, to - 1);
}

std::string Workload::inflected(std::size_t rank) {
  const auto ending = below(10);
  const auto& endings = is_russian_ ? russian_endings : english_endings;
  return words_[rank] + std::string(endings[ending < 6 ? 0 : ending < 8 ? 1 : ending - 6]);
}

Story Workload::story() {
  Story story;
  story.language = is_russian_ ? "ru" : "en";
  const auto add = [&](std::string& text, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!text.empty()) text += i % 14 == 13 ? ". " : " ";
      const auto kind = below(100);
      if (kind < 45) {
        text += words_[zipf(0, function_words)];
      } else if (kind < 51) {
        const auto& pair = phrases_[zipf(0, phrase_count)];
        text += words_[pair.first] + " " + words_[pair.second];
        ++i;
      } else {
        text += inflected(zipf(function_words, vocabulary));
      }
    }
  };
  add(story.title, 9);
  add(story.summary, 25);
  add(story.body_text, story_words - 34);
  story.topics = {fmt::format("topic {}", zipf(0, topics)), fmt::format("topic {}", zipf(0, topics))};
  story.regions = {fmt::format("region {}", zipf(0, regions))};
  story.section = fmt::format("section {}", zipf(0, sections));
  story.urgency = static_cast<int>(1 + below(8));
  return story;
}

std::string Workload::rule_word() {
  return inflected(zipf(rule_rank, vocabulary));
}

std::string Workload::phrase() {
  if (below(10) < 7) {
    const auto& pair = phrases_[zipf(0, phrase_count)];
    return fmt::format("\"{} {}\"", words_[pair.first], words_[pair.second]);
  }
  return fmt::format("\"{} {}\"", rule_word(), rule_word());
}

std::string Workload::field() {
  switch (below(3)) {
    case 0:
      return fmt::format("topic:\"topic {}\"", below(topics));
    case 1:
      return fmt::format("region:\"region {}\"", below(regions));
    default:
      return fmt::format("section:\"section {}\"", below(sections));
  }
}

std::string Workload::group() {
  std::string out = "(" + rule_word();
  for (auto more = 1 + below(3); more > 0; --more) out += " OR " + (below(6) == 0 ? phrase() : rule_word());
  return out + ")";
}

// One clause; `positive` says whether it asks for a word.
std::string Workload::clause(bool& positive) {
  const auto kind = below(100);
  positive = kind < 85;
  if (kind < 47) return rule_word();
  if (kind < 50) return "=" + rule_word();
  if (kind < 65) return group();
  if (kind < 78) return phrase();
  if (kind < 83) return fmt::format("({} NEAR/{} {})", rule_word(), 2 + below(9), rule_word());
  if (kind < 85) return "title:" + rule_word();
  if (kind < 93) return "NOT " + (below(3) == 0 ? field() : rule_word());
  return field();
}

std::string Workload::draw_rule() {
  constexpr std::array<unsigned, 6> upto{10, 40, 70, 85, 95, 100};  // percent of rules with 1, 2, … 6 clauses
  const auto draw = below(100);
  const auto clauses = static_cast<std::size_t>(std::ranges::upper_bound(upto, draw) - upto.begin()) + 1;
  std::string out;
  for (std::size_t i = 0; i < clauses; ++i) {
    bool positive = false;
    auto text = clause(positive);
    while (i == 0 && !positive) text = clause(positive);
    out += (i == 0 ? "" : " AND ") + text;
  }
  return out;
}

std::string Workload::rule() {
  for (;;) {
    auto text = draw_rule();
    if (seen_.insert(std::hash<std::string>{}(text)).second) return text;
  }
}

}  // namespace crier::bench
