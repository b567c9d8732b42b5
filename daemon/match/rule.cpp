#include "match/rule.hpp"

#include <algorithm>
#include <utility>

namespace crier {
namespace {

bool same(const clause::Phrase& a, const clause::Phrase& b) {
  if (a.scope != b.scope || a.exact != b.exact) return false;
  return a.exact ? std::ranges::equal(a.words, b.words, {}, &Word::exact, &Word::exact) : a.words == b.words;
}
bool same(const clause::Prefix& a, const clause::Prefix& b) {
  return a.scope == b.scope && a.exact == b.exact;
}
bool same(const clause::Near& a, const clause::Near& b) {
  return a.distance == b.distance && a.ordered == b.ordered && a.left == b.left && a.right == b.right;
}
bool same(const clause::ValueIs& a, const clause::ValueIs& b) {
  return a.field == b.field && a.folded == b.folded;
}
bool same(const clause::Between& a, const clause::Between& b) {
  return a.number == b.number && a.least == b.least && a.most == b.most;
}
bool same(const clause::All& a, const clause::All& b) {
  return a.rules == b.rules;
}
bool same(const clause::Any& a, const clause::Any& b) {
  return a.rules == b.rules;
}
bool same(const clause::Not& a, const clause::Not& b) {
  return a.rule == b.rule;
}
bool same(const clause::AtLeast& a, const clause::AtLeast& b) {
  return a.count == b.count && a.rules == b.rules;
}

template <class Group>
Rule group_of(std::vector<Rule> rules) {
  Group group;
  for (auto& rule : rules) {
    if (const auto* inner = std::get_if<Group>(&rule.node().clause))
      group.rules.insert(group.rules.end(), inner->rules.begin(), inner->rules.end());
    else
      group.rules.push_back(std::move(rule));
  }
  if (group.rules.size() == 1) return std::move(group.rules.front());
  return Rule({std::move(group)});
}

// Whether a rule (`holds`), or its opposite (!`holds`), needs something to be in the story.
struct NeedsSomething {
  bool holds;

  bool operator()(const clause::Phrase&) const { return holds; }
  bool operator()(const clause::Prefix&) const { return holds; }
  bool operator()(const clause::Near&) const { return holds; }
  bool operator()(const clause::ValueIs&) const { return holds; }
  bool operator()(const clause::Between& between) const {
    // Few stories are urgent, so that an urgency can be looked up; a time cannot.
    const bool excludes = between.least > 1 || between.most < 8;
    return holds && between.number == clause::Number::urgency && excludes;
  }
  bool operator()(const clause::All& all) const { return at_least(all.rules.size(), all.rules); }
  bool operator()(const clause::Any& any) const { return at_least(1, any.rules); }
  bool operator()(const clause::AtLeast& some) const { return at_least(some.count, some.rules); }
  bool operator()(const clause::Not& none) const {
    return std::visit(NeedsSomething{!holds}, none.rule.node().clause);
  }

  // "At least m of n hold" needs something when fewer than m can hold for nothing; its opposite is "at least
  // n - m + 1 do not hold".
  bool at_least(std::size_t count, const std::vector<Rule>& rules) const {
    const auto needy = static_cast<std::size_t>(std::ranges::count_if(
        rules, [this](const Rule& rule) { return std::visit(*this, rule.node().clause); }));
    const auto needed = holds ? count : rules.size() + 1 - std::min(count, rules.size() + 1);
    return rules.size() - needy < needed;
  }
};

struct Measure {
  RuleSize size;
  std::size_t depth = 0;

  void add(const Rule& rule) {
    if (size.words > max_rule_words) return;
    size.depth = std::max(size.depth, ++depth);
    std::visit([this](const auto& clause) { (*this)(clause); }, rule.node().clause);
    --depth;
  }
  void operator()(const clause::All& group) { add(group.rules); }
  void operator()(const clause::Any& group) { add(group.rules); }
  void operator()(const clause::AtLeast& some) { add(some.rules); }
  void operator()(const clause::Not& none) { add(none.rule); }
  void operator()(const clause::Near& pair) {
    add(pair.left);
    add(pair.right);
  }
  void operator()(const clause::Phrase& phrase) { count(phrase.words.size()); }
  void operator()(const auto&) { count(1); }

 private:
  void count(std::size_t words) {
    ++size.clauses;
    size.words += words;
  }
  void add(const std::vector<Rule>& rules) {
    // An empty group counts, so that no nest of them is free.
    if (rules.empty()) count(1);
    for (const auto& rule : rules) add(rule);
  }
};

}  // namespace

RuleSize size_of(const Rule& rule) {
  Measure measure;
  measure.add(rule);
  return measure.size;
}

Rule::Rule(RuleNode node) : node_(std::make_shared<const RuleNode>(std::move(node))) {}

bool operator==(const Rule& left, const Rule& right) {
  if (left.node_ == right.node_) return true;
  const auto& other = right.node().clause;
  if (left.node().clause.index() != other.index()) return false;
  return std::visit(
      [&other]<class Clause>(const Clause& clause) { return same(clause, std::get<Clause>(other)); },
      left.node().clause);
}

Rule all_of(std::vector<Rule> rules) {
  return group_of<clause::All>(std::move(rules));
}

Rule any_of(std::vector<Rule> rules) {
  return group_of<clause::Any>(std::move(rules));
}

Rule none_of(std::vector<Rule> rules) {
  return Rule({clause::Not{any_of(std::move(rules))}});
}

Rule at_least(unsigned count, std::vector<Rule> rules) {
  return Rule({clause::AtLeast{count, std::move(rules)}});
}

bool has_positive_clause(const Rule& rule) {
  return std::visit(NeedsSomething{true}, rule.node().clause);
}

}  // namespace crier
