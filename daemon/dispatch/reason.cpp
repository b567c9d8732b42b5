#include "dispatch/reason.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "base/unicode.hpp"

namespace crier {
namespace {

constexpr std::size_t max_characters = 139;
constexpr std::size_t max_title = 40;
constexpr std::size_t max_word = 30;

// Code points: quick, for there may be a sentence per reader.
std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// At most `most` characters, with "…" for what is cut.
std::string cut(std::string_view text, std::size_t most) {
  if (character_count(text) <= most) return std::string(text);
  std::size_t end = 0;
  for (const auto next : grapheme_ends(text)) {
    if (character_count(text.substr(0, next)) >= most) break;
    end = next;
  }
  return std::string(text.substr(0, end)) + "…";
}

// "Harbours, Bridges and 3 more": as many as stay within `room` characters, at least one.
std::string listed(const std::vector<std::string>& names, std::size_t room) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto next = (i == 0 ? "" : ", ") + names[i];
    if (i > 0 && character_count(out + next) > room)
      return out + fmt::format(" and {} more", names.size() - i);
    out += next;
  }
  return out;
}

// The first word of each rule, then their second, and so on, without repeats.
std::vector<std::string> choose_words(const std::vector<FollowedBecause>& rules) {
  std::vector<std::string> words;
  for (std::size_t round = 0; round < max_quoted_words; ++round) {
    for (const auto& rule : rules) {
      if (words.size() == max_quoted_words) return words;
      if (round >= rule.words.size()) continue;
      auto word = fmt::format("“{}”", cut(rule.words[round], max_word));
      if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
    }
  }
  return words;
}

}  // namespace

std::string reason_sentence(const std::vector<FollowedBecause>& rules) {
  std::vector<std::string> topics;
  std::vector<std::string> own;
  for (const auto& rule : rules) {
    const auto title = cut(single_line(rule.title), max_title);
    if (rule.kind == FollowedBecause::Kind::topic)
      topics.push_back(title);
    else
      own.push_back(fmt::format("“{}”", title));
  }
  constexpr std::size_t half = 42;
  std::string sentence;
  if (!topics.empty()) sentence = "You follow " + listed(topics, own.empty() ? 2 * half : half);
  if (!own.empty())
    sentence +=
        fmt::format("{} {} {} {}", sentence.empty() ? "Your" : "; your", own.size() == 1 ? "rule" : "rules",
                    listed(own, topics.empty() ? 2 * half : half), own.size() == 1 ? "matches" : "match");
  std::string quoted;
  for (const auto& word : choose_words(rules)) {
    const auto longer = quoted + (quoted.empty() ? "" : ", ") + word;
    if (character_count(sentence) + character_count(longer) + 3 > max_characters) break;
    quoted = longer;
  }
  return quoted.empty() ? sentence : fmt::format("{} ({})", sentence, quoted);
}

}  // namespace crier
