#include "base/suggest.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace crier {
namespace {

constexpr std::size_t longest = 64;  // nobody mistypes a longer word into one of ours

// Optimal string alignment: insert, delete, replace and swap of neighbours cost one each. From `enough` on
// the exact distance does not matter: a mistyped word is compared with every topic there is. `word` has at
// most `longest` bytes.
std::size_t edit_distance(std::string_view word, std::string_view other, std::size_t enough) {
  if (std::max(word.size(), other.size()) - std::min(word.size(), other.size()) >= enough) return enough;
  using Row = std::array<std::size_t, longest + 1>;
  Row rows[3];
  auto* before_last = &rows[0];
  auto* last = &rows[1];
  auto* row = &rows[2];
  std::iota(last->begin(), last->end(), 0U);
  auto least_of_last = std::size_t{0};
  for (std::size_t i = 1; i <= other.size(); ++i) {
    (*row)[0] = i;
    auto least = i;
    for (std::size_t j = 1; j <= word.size(); ++j) {
      const std::size_t replace = (*last)[j - 1] + (other[i - 1] == word[j - 1] ? 0 : 1);
      (*row)[j] = std::min({replace, (*last)[j] + 1, (*row)[j - 1] + 1});
      if (i > 1 && j > 1 && other[i - 1] == word[j - 2] && other[i - 2] == word[j - 1])
        (*row)[j] = std::min((*row)[j], (*before_last)[j - 2] + 1);
      least = std::min(least, (*row)[j]);
    }
    if (least >= enough && least_of_last >= enough) return enough;
    least_of_last = least;
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return (*last)[word.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > longest) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : known) {
    const auto distance = edit_distance(word, candidate, best_distance);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const auto best = nearest_word(word, known);
  if (best.empty()) return {};
  return " (did you mean \"" + std::string(best) + "\"?)";
}

}  // namespace crier
