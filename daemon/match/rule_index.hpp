// RuleIndex: many rules, asked which of them a story matches. Never the source of truth: it is rebuilt from
// the configuration and the database. Changed on the loop; match() may run on workers while nobody changes
// it. Today match() tries each rule in turn; an index by rarest term takes its place behind the same
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "match/rule.hpp"
#include "text/analyzer.hpp"

namespace crier {

using RuleId = std::uint32_t;

class RuleIndex {
 public:
  /// Replaces the rule that has this id, if any.
  void add(RuleId id, Rule rule);
  /// An id that is not there is ignored.
  void remove(RuleId id);
  std::size_t size() const { return rules_.size(); }

  /// The ids of the rules that are true of the story, ascending.
  std::vector<RuleId> match(const AnalyzedStory& story) const;

 private:
  std::map<RuleId, Rule> rules_;
};

}  // namespace crier
