#include "match/rule_cost.hpp"

namespace crier {
namespace {

struct Cost {
  std::size_t operator()(const clause::Phrase& phrase) const { return phrase.words.size(); }
  std::size_t operator()(const clause::Prefix&) const { return 8; }
  std::size_t operator()(const clause::Near& pair) const {
    return 2 + estimate_cost(pair.left) + estimate_cost(pair.right);
  }
  std::size_t operator()(const clause::ValueIs&) const { return 1; }
  std::size_t operator()(const clause::Between&) const { return 1; }
  std::size_t operator()(const clause::Not& none) const { return estimate_cost(none.rule); }
  // All, Any, AtLeast
  std::size_t operator()(const auto& group) const {
    std::size_t total = 0;
    for (const auto& rule : group.rules) total += estimate_cost(rule);
    return total;
  }
};

}  // namespace

std::size_t estimate_cost(const Rule& rule) {
  return std::visit(Cost{}, rule.node().clause);
}

}  // namespace crier
