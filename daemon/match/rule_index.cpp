#include "match/rule_index.hpp"

#include "match/evaluate.hpp"

namespace crier {

void RuleIndex::add(RuleId id, Rule rule) {
  rules_.insert_or_assign(id, std::move(rule));
}

void RuleIndex::remove(RuleId id) {
  rules_.erase(id);
}

std::vector<RuleId> RuleIndex::match(const AnalyzedStory& story) const {
  std::vector<RuleId> out;
  for (const auto& [id, rule] : rules_)
    if (matches(rule, story)) out.push_back(id);
  return out;
}

}  // namespace crier
