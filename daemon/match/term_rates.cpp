#include "match/term_rates.hpp"

#include <algorithm>

#include "text/terms.hpp"

namespace crier {
namespace {

constexpr std::size_t slots = std::size_t{1} << 18;
constexpr double remembered_stories = 8192;  // then all counts are halved

constexpr std::uint64_t in_title_salt = 0xA24BAED4963EE407;
constexpr std::uint64_t exact_salt = 0x9FB21C651E98DF25;
constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;

RateKey fold(std::uint64_t hash) {
  hash *= odd;
  return static_cast<RateKey>((hash ^ (hash >> 29)) >> 13);
}

}  // namespace

RateKey stem_rate_key(std::uint64_t stem_hash, bool in_title) {
  return fold(in_title ? stem_hash ^ in_title_salt : stem_hash);
}

RateKey exact_rate_key(std::uint64_t exact_hash, bool in_title) {
  return stem_rate_key(exact_hash ^ exact_salt, in_title);
}

RateKey pair_rate_key(std::uint64_t first_stem_hash, std::uint64_t second_stem_hash) {
  return fold(first_stem_hash * odd + second_stem_hash);
}

RateKey other_rate_key(std::uint64_t hash) {
  return fold(hash);
}

RateKey urgency_rate_key(int urgency) {
  return fold(static_cast<std::uint64_t>(urgency) * in_title_salt);
}

RateKey value_rate_key(ValueField field, std::string_view folded) {
  return fold(hash_term(folded) ^ (static_cast<std::uint64_t>(field) + 1) * exact_salt);
}

TermRates::TermRates() : counts_(slots) {}

void TermRates::count(RateKey key) {
  counts_[key % slots] += 1;
}

void TermRates::learn(const AnalyzedStory& story, std::span<const RateKey> others) {
  const auto count_words = [&](const AnalyzedStory::Postings& words, const auto& key_of) {
    for (Terms::Id id = 0; id < words.terms.size(); ++id) {
      const auto hash = words.terms.hash(id);
      count(key_of(hash, false));
      if (words.of(id).front() < story.title_end()) count(key_of(hash, true));
    }
  };
  count_words(story.exact_words(), exact_rate_key);
  count_words(story.stems(), stem_rate_key);

  // Each pair of neighbours is counted once.
  const auto& stems = story.stems().terms;
  std::vector<RateKey> pairs;
  for (const auto field : {TextField::title, TextField::summary, TextField::body}) {
    const auto words = story.stems_of(field);
    for (std::size_t i = 1; i < words.size(); ++i)
      pairs.push_back(pair_rate_key(stems.hash(words[i - 1]), stems.hash(words[i])));
  }
  std::ranges::sort(pairs);
  pairs.erase(std::ranges::unique(pairs).begin(), pairs.end());
  for (const auto key : pairs) count(key);

  for (std::size_t field = 0; field < value_field_count; ++field)
    for (const auto& value : story.values(static_cast<ValueField>(field)))
      count(value_rate_key(static_cast<ValueField>(field), value.folded));

  count(urgency_rate_key(story.urgency()));
  for (const auto key : others) count(key);

  if (++stories_ < remembered_stories) return;
  stories_ /= 2;
  for (auto& each : counts_) each /= 2;
}

float TermRates::rate(RateKey key) const {
  const auto seen = static_cast<double>(counts_[key % slots]);
  return static_cast<float>(std::min(1.0, (seen + 0.1) / (stories_ + 1)));
}

}  // namespace crier
