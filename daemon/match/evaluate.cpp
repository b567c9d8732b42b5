#include "match/evaluate.hpp"

#include <algorithm>

#include "match/spans.hpp"

namespace crier {
namespace {

struct Evaluation {
  const AnalyzedStory& story;

  bool operator()(const Rule& rule) const { return matches(rule, story); }
  bool operator()(const clause::Phrase& phrase) const { return occurs(phrase, story); }
  bool operator()(const clause::Prefix& prefix) const { return !find_spans(prefix, story).empty(); }
  bool operator()(const clause::Near& pair) const {
    const auto nearest = find_nearest(pair, story);
    return nearest && nearest->distance <= pair.distance;
  }
  bool operator()(const clause::ValueIs& value) const {
    return std::ranges::find(story.values(value.field), value.folded, &AnalyzedStory::Value::folded) !=
           story.values(value.field).end();
  }
  bool operator()(const clause::Between& between) const {
    const auto number = number_of(story, between.number);
    return number && between.least <= *number && *number <= between.most;
  }
  bool operator()(const clause::All& all) const { return std::ranges::all_of(all.rules, *this); }
  bool operator()(const clause::Any& any) const { return std::ranges::any_of(any.rules, *this); }
  bool operator()(const clause::Not& none) const { return !matches(none.rule, story); }
  bool operator()(const clause::AtLeast& some) const {
    std::size_t missing = some.count;
    for (const auto& rule : some.rules) {
      if (missing == 0) break;
      if (matches(rule, story)) --missing;
    }
    return missing == 0;
  }
};

}  // namespace

bool matches(const Rule& rule, const AnalyzedStory& story) {
  return std::visit(Evaluation{story}, rule.node().clause);
}

std::optional<std::int64_t> number_of(const AnalyzedStory& story, clause::Number number) {
  if (number == clause::Number::urgency) return story.urgency();
  const auto published = story.published();
  if (!published) return std::nullopt;
  return published->time_since_epoch().count();
}

}  // namespace crier
