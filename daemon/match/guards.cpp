#include "match/guards.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace crier {
namespace {

using Kind = Condition::Kind;

// To run a program costs as much as to look at so many postings.
constexpr double program_cost = 8;

Literal literal_of(const Condition& term) {
  return term.negated ? absent(term.term) : present(term.term);
}

}  // namespace

void Guards::require(const Condition& condition, Needed& needed) const {
  if (condition.kind == Kind::term) {
    needed.all.push_back(literal_of(condition));
    return;
  }
  if (!condition.negated && condition.kind == Kind::all) {
    for (const auto& part : condition.parts) require(part, needed);
    return;
  }
  if (condition.kind == Kind::any) {
    require_one_of(condition, needed);
    return;
  }
  needed.is_everything = false;
  if (condition.negated) return;
  for (const auto term : condition.terms) needed.all.push_back(present(term));
  if (condition.kind == Kind::near)
    for (const auto& side : condition.parts) require(side, needed);
}

// Of several groups the most selective is kept.
void Guards::require_one_of(const Condition& condition, Needed& needed) const {
  if (condition.parts.size() > max_alternatives) {
    needed.is_everything = false;
    return;
  }
  std::vector<Literal> one_of;
  for (const auto& part : condition.parts) {
    if (part.kind == Kind::term) {
      one_of.push_back(literal_of(part));
      continue;
    }
    needed.is_everything = false;
    if (part.negated || part.terms.empty()) return;
    one_of.push_back(present(part.terms.front()));
  }
  if (!needed.one_of.empty()) {
    needed.is_everything = false;
    if (share(needed.one_of) <= share(one_of)) return;
  }
  needed.one_of = std::move(one_of);
}

void Guards::keep_best(Needed& needed) const {
  // Two guards, one more to know that they are not all, and one that may be the anchor.
  constexpr std::size_t wanted = 4;
  auto& all = needed.all;
  std::ranges::sort(all, {}, [this](Literal literal) { return std::pair(share(literal), literal); });
  all.erase(std::ranges::unique(all).begin(), all.end());
  if (all.size() > wanted) all.resize(wanted);
}

std::vector<Anchor> Guards::choose(TermId term, Needed needed) const {
  keep_best(needed);
  auto& [all, one_of, is_everything] = needed;
  std::erase(all, present(term));
  if (std::ranges::find(one_of, present(term)) != one_of.end()) one_of.clear();
  const auto guard = [&all](std::size_t i) { return i < all.size() ? all[i] : always_true; };

  const Anchor plain{.term = term,
                     .guard1 = guard(0),
                     .guard2 = guard(1),
                     .decides = is_everything && all.size() <= 2 && one_of.empty()};
  if (one_of.empty()) return {plain};
  // Beside the plain posting: one for every two of the group; one for each of the group, with the best guard.
  const bool pairs_decide = is_everything && all.empty();
  const bool each_decides = is_everything && all.size() <= 1;
  const auto members = static_cast<double>(one_of.size());
  const std::array costs{
      1 + program_cost * share(guard(0)) * share(guard(1)),
      (members + 1) / 2 + (pairs_decide ? 0 : program_cost * share(one_of)),
      members + (each_decides ? 0 : program_cost * share(guard(0)) * share(one_of)),
  };
  const auto least = std::ranges::min_element(costs) - costs.begin();
  if (least == 0) return {plain};
  std::vector<Anchor> out;
  const std::size_t step = least == 1 ? 2 : 1;
  for (std::size_t i = 0; i < one_of.size(); i += step) {
    Anchor anchor{.term = term,
                  .guard1 = one_of[i],
                  .guard2 = least == 1 ? always_true : guard(0),
                  .decides = least == 1 ? pairs_decide : each_decides};
    if (least == 1 && i + 1 < one_of.size()) {
      anchor.guard2 = one_of[i + 1];
      anchor.either = true;
    }
    out.push_back(anchor);
  }
  return out;
}

// Of the stories, those in which a literal is true.
double Guards::share(Literal literal) const {
  if (literal == always_true) return 1;
  const double present_rate = rates_.rate(dictionary_.rate_key(literal / 2));
  return literal % 2 == 0 ? present_rate : 1 - present_rate;
}

double Guards::share(const std::vector<Literal>& one_of) const {
  double none = 1;
  for (const auto literal : one_of) none *= 1 - share(literal);
  return 1 - none;
}

}  // namespace crier
