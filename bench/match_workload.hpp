// The workload of `crier-bench match`: a language, stories in it and rules about it, all from one seed.
// Described in README.md.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "story/story.hpp"

namespace crier::bench {

class Workload {
 public:
  /// Its words are of Latin letters with English endings, or of Cyrillic ones with Russian endings.
  explicit Workload(std::uint64_t seed, bool is_russian = false);

  /// A story of about 800 words.
  Story story();
  /// A query, different from all before.
  std::string rule();

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  double fraction() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  std::size_t zipf(std::size_t from, std::size_t to);
  std::string inflected(std::size_t rank);
  std::string rule_word();
  std::string phrase();
  std::string group();
  std::string clause(bool& positive);
  std::string field();
  std::string draw_rule();

  struct Pair {
    std::uint32_t first;
    std::uint32_t second;
  };

  std::mt19937_64 random_;
  bool is_russian_;
  std::vector<std::string> words_;  // by rank, the most frequent first
  std::vector<Pair> phrases_;       // likewise
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace crier::bench
