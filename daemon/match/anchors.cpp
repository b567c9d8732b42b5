#include "match/anchors.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace crier {
namespace {

using Kind = Condition::Kind;

constexpr double impossible = std::numeric_limits<double>::infinity();

class Chooser {
 public:
  Chooser(const Dictionary& dictionary, const TermRates& rates) : dictionary_(dictionary), rates_(rates) {}

  // What it costs to have a condition found: the postings that an average story touches for it.
  double cost(const Condition& condition) const {
    switch (condition.kind) {
      case Kind::term:
      case Kind::phrase:
      case Kind::prefix:
        return condition.negated ? impossible : rate(first_term(condition));
      case Kind::near:
        return condition.negated ? impossible : std::min(cost(condition.parts[0]), cost(condition.parts[1]));
      case Kind::between:
        return impossible;
      case Kind::all: {
        double least = impossible;
        for (const auto& part : condition.parts) least = std::min(least, cost(part));
        return least;
      }
      case Kind::any:
        return cost_of_cheapest(condition, condition.parts.size());
      case Kind::at_least:
        return cost_of_cheapest(condition, covering(condition));
    }
    return impossible;
  }

  // Puts anchors under the cheapest terms that cover the condition. `required` must be true as well;
  // `decides`: condition and `required` are the whole rule.
  void place(const Condition& condition, std::vector<Literal> required, bool decides) {
    switch (condition.kind) {
      case Kind::term:
        add(condition.term, required, decides);
        return;
      case Kind::phrase:
        for (std::size_t i = 1; i < condition.terms.size(); ++i)
          required.push_back(present(condition.terms[i]));
        add(condition.terms.front(), required, false);
        return;
      case Kind::prefix:
        add(condition.term, required, false);
        return;
      case Kind::near: {
        const bool left = cost(condition.parts[0]) <= cost(condition.parts[1]);
        require(condition.parts[left ? 1 : 0], required);
        place(condition.parts[left ? 0 : 1], std::move(required), false);
        return;
      }
      case Kind::all: {
        const auto cheapest = std::ranges::min_element(condition.parts, {},
                                                       [this](const Condition& part) { return cost(part); });
        for (auto part = condition.parts.begin(); part != condition.parts.end(); ++part)
          if (part != cheapest && !require(*part, required)) decides = false;
        place(*cheapest, std::move(required), decides);
        return;
      }
      case Kind::any:
        for (const auto& part : condition.parts) place(part, required, decides);
        return;
      case Kind::at_least:
        for (const auto part : cheapest(condition, covering(condition)))
          place(condition.parts[part], required, false);
        return;
      case Kind::between:
        return;  // its cost is impossible, so that nobody comes here
    }
  }

  std::vector<Anchor> take() { return std::move(anchors_); }

 private:
  // Adds what can be said in literals of a condition that must be true. Whether that is all of it.
  bool require(const Condition& condition, std::vector<Literal>& required) const {
    if (condition.kind == Kind::term) {
      required.push_back(condition.negated ? absent(condition.term) : present(condition.term));
      return true;
    }
    if (condition.negated) return false;
    for (const auto term : condition.terms) required.push_back(present(term));
    if (condition.kind == Kind::near)
      for (const auto& side : condition.parts) require(side, required);
    if (condition.kind == Kind::all)
      return std::ranges::all_of(condition.parts,
                                 [&](const Condition& part) { return require(part, required); });
    return false;
  }

  void add(TermId term, std::vector<Literal>& required, bool decides) {
    std::ranges::sort(required, {}, [this](Literal literal) { return share(literal); });
    required.erase(std::ranges::unique(required).begin(), required.end());
    std::erase(required, present(term));
    Anchor anchor{term, always_true, always_true, decides && required.size() <= 2};
    if (!required.empty()) anchor.guard1 = required[0];
    if (required.size() > 1) anchor.guard2 = required[1];
    anchors_.push_back(anchor);
  }

  // The parts of which at least one is true whenever "at least m of n" is: any n - m + 1 of them.
  static std::size_t covering(const Condition& condition) {
    return condition.parts.size() - condition.count + 1;
  }

  std::vector<std::size_t> cheapest(const Condition& condition, std::size_t count) const {
    std::vector<std::size_t> order(condition.parts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t part) { return cost(condition.parts[part]); });
    order.resize(count);
    return order;
  }

  double cost_of_cheapest(const Condition& condition, std::size_t count) const {
    double total = 0;
    if (count == condition.parts.size()) {
      for (const auto& part : condition.parts) total += cost(part);
      return total;
    }
    for (const auto part : cheapest(condition, count)) total += cost(condition.parts[part]);
    return total;
  }

  static TermId first_term(const Condition& condition) {
    return condition.kind == Kind::phrase ? condition.terms.front() : condition.term;
  }

  // Of the stories, those in which a literal is true.
  double share(Literal literal) const {
    const auto present_rate = rate(literal / 2);
    return literal % 2 == 0 ? present_rate : 1 - present_rate;
  }

  double rate(TermId term) const { return rates_.rate(dictionary_.rate_key(term)); }

  const Dictionary& dictionary_;
  const TermRates& rates_;
  std::vector<Anchor> anchors_;
};

}  // namespace

Anchors choose_anchors(const Condition& condition, const Dictionary& dictionary, const TermRates& rates) {
  if (condition.is_never()) return {};
  Chooser chooser(dictionary, rates);
  const auto cost = chooser.cost(condition);
  if (cost == impossible) return {{Anchor{}}, 1.0};
  chooser.place(condition, {}, true);
  return {chooser.take(), cost};
}

}  // namespace crier
