#include "match/anchors.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>

#include "match/guards.hpp"

namespace crier {
namespace {

using Kind = Condition::Kind;

constexpr double impossible = std::numeric_limits<double>::infinity();

class Chooser {
 public:
  Chooser(const Dictionary& dictionary, const TermRates& rates)
      : dictionary_(dictionary), rates_(rates), guards_(dictionary, rates) {}

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

  // Puts anchors under the cheapest terms that cover the condition. `needed`: what else must be true.
  void place(const Condition& condition, Needed needed) {
    switch (condition.kind) {
      case Kind::term:
        add(condition.term, std::move(needed));
        return;
      case Kind::phrase:
      case Kind::prefix:
        guards_.require(condition, needed);
        add(first_term(condition), std::move(needed));
        return;
      case Kind::near: {
        const bool left = cost(condition.parts[0]) <= cost(condition.parts[1]);
        needed.is_everything = false;
        guards_.require(condition.parts[left ? 1 : 0], needed);
        place(condition.parts[left ? 0 : 1], std::move(needed));
        return;
      }
      case Kind::all: {
        const auto cheapest = std::ranges::min_element(condition.parts, {},
                                                       [this](const Condition& part) { return cost(part); });
        for (auto part = condition.parts.begin(); part != condition.parts.end(); ++part)
          if (part != cheapest) guards_.require(*part, needed);
        guards_.keep_best(needed);
        place(*cheapest, std::move(needed));
        return;
      }
      case Kind::any:
        for (const auto& part : condition.parts) place(part, needed);
        return;
      case Kind::at_least:
        needed.is_everything = false;
        for (const auto part : cheapest(condition, covering(condition))) place(condition.parts[part], needed);
        return;
      case Kind::between:
        return;  // its cost is impossible, so that nobody comes here
    }
  }

  std::vector<Anchor> take() { return std::move(anchors_); }

 private:
  void add(TermId term, Needed needed) {
    // A rule of very many alternatives takes enough room with one posting for each.
    constexpr std::size_t many = 256;
    if (anchors_.size() >= many && !needed.one_of.empty()) {
      needed.one_of.clear();
      needed.is_everything = false;
    }
    std::ranges::move(guards_.choose(term, std::move(needed)), std::back_inserter(anchors_));
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

  double rate(TermId term) const { return rates_.rate(dictionary_.rate_key(term)); }

  const Dictionary& dictionary_;
  const TermRates& rates_;
  Guards guards_;
  std::vector<Anchor> anchors_;
};

}  // namespace

Anchors choose_anchors(const Condition& condition, const Dictionary& dictionary, const TermRates& rates) {
  if (condition.is_never()) return {};
  Chooser chooser(dictionary, rates);
  const auto cost = chooser.cost(condition);
  if (cost == impossible) return {{Anchor{}}, 1.0};
  chooser.place(condition, {});
  return {chooser.take(), cost};
}

}  // namespace crier
