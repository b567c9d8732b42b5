#include "match/spans.hpp"

#include <algorithm>
#include <iterator>

namespace crier {
namespace {

std::span<const Position> within(Scope scope, std::span<const Position> positions,
                                 const AnalyzedStory& story) {
  if (scope == Scope::story) return positions;
  const auto end = std::ranges::lower_bound(positions, story.title_end());
  return positions.first(static_cast<std::size_t>(end - positions.begin()));
}

// The positions of one word of a phrase.
class Occurrences {
 public:
  Occurrences(const Word& word, const clause::Phrase& phrase, const AnalyzedStory& story)
      : view_(within(phrase.scope, story.with_exact(word.exact), story)) {
    if (phrase.exact) return;
    const auto same_stem = within(phrase.scope, story.with_stem(stem(story.language(), word.surface)), story);
    if (std::ranges::includes(same_stem, view_)) {
      view_ = same_stem;
      return;
    }
    // Spellings with and without accents may have different stems ("está", "esta"), but are the same word.
    std::ranges::set_union(same_stem, view_, std::back_inserter(merged_));
    view_ = merged_;
  }
  Occurrences(Occurrences&&) = default;

  // Whether the word stands at `position`; ask in ascending order.
  bool stands_at(Position position) {
    while (next_ < view_.size() && view_[next_] < position) ++next_;
    return next_ < view_.size() && view_[next_] == position;
  }

  std::span<const Position> positions() const { return view_; }

 private:
  std::vector<Position> merged_;
  std::span<const Position> view_;
  std::size_t next_ = 0;
};

// Calls `found` for each occurrence until it answers false.
template <class Found>
void for_each_span(const clause::Phrase& phrase, const AnalyzedStory& story, const Found& found) {
  std::vector<Occurrences> words;
  words.reserve(phrase.words.size());
  for (const auto& word : phrase.words) {
    words.emplace_back(word, phrase, story);
    if (words.back().positions().empty()) return;
  }
  for (const auto first : words.front().positions()) {
    Position last = first;
    const auto stands_next = [&last](Occurrences& word) { return word.stands_at(++last); };
    if (std::all_of(words.begin() + 1, words.end(), stands_next) && !found(Span{first, last})) return;
  }
}

// The nearest end of a `before` that lies before a beginning of an `after`.
std::optional<std::pair<Span, Span>> nearest_in_order(std::vector<Span> before,
                                                      const std::vector<Span>& after) {
  std::ranges::sort(before, {}, &Span::last);
  std::optional<std::pair<Span, Span>> nearest;
  const auto distance = [](const std::pair<Span, Span>& pair) { return pair.second.first - pair.first.last; };
  std::size_t passed = 0;
  for (const auto& span : after) {
    while (passed < before.size() && before[passed].last < span.first) ++passed;
    if (passed == 0) continue;
    const std::pair pair{before[passed - 1], span};
    if (!nearest || distance(pair) < distance(*nearest)) nearest = pair;
  }
  return nearest;
}

}  // namespace

std::vector<Span> find_spans(const clause::Phrase& phrase, const AnalyzedStory& story) {
  std::vector<Span> spans;
  for_each_span(phrase, story, [&](Span span) {
    spans.push_back(span);
    return true;
  });
  return spans;
}

std::vector<Span> find_spans(const clause::Prefix& prefix, const AnalyzedStory& story) {
  std::vector<Span> spans;
  const auto positions = story.with_prefix(prefix.exact);
  for (const auto position : within(prefix.scope, positions, story)) spans.push_back({position, position});
  return spans;
}

std::vector<Span> find_spans(const Rule& side, const AnalyzedStory& story) {
  const auto& node = side.node().clause;
  if (const auto* phrase = std::get_if<clause::Phrase>(&node)) return find_spans(*phrase, story);
  if (const auto* prefix = std::get_if<clause::Prefix>(&node)) return find_spans(*prefix, story);
  std::vector<Span> spans;
  for (const auto& rule : std::get<clause::Any>(node).rules) {
    const auto some = find_spans(rule, story);
    spans.insert(spans.end(), some.begin(), some.end());
  }
  std::ranges::sort(spans);
  return spans;
}

std::optional<NearestPair> find_nearest(const clause::Near& pair, const AnalyzedStory& story) {
  return find_nearest(find_spans(pair.left, story), find_spans(pair.right, story), pair.ordered);
}

std::optional<NearestPair> find_nearest(const std::vector<Span>& left, const std::vector<Span>& right,
                                        bool ordered) {
  std::optional<NearestPair> nearest;
  if (const auto found = nearest_in_order(left, right))
    nearest = {found->first, found->second, found->second.first - found->first.last};
  if (ordered) return nearest;
  if (const auto found = nearest_in_order(right, left))
    if (const auto distance = found->second.first - found->first.last;
        !nearest || distance < nearest->distance)
      nearest = {found->second, found->first, distance};
  return nearest;
}

bool occurs(const clause::Phrase& phrase, const AnalyzedStory& story) {
  bool found = false;
  for_each_span(phrase, story, [&](Span) {
    found = true;
    return false;
  });
  return found;
}

}  // namespace crier
