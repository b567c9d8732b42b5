#include "match/condition.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace crier {
namespace {

using Kind = Condition::Kind;

// A pair of neighbours gets a term of its own when both words are in more than one story of this many:
// otherwise the rarer word finds the few places as well.
constexpr float pair_from_rate = 1.0F / 64;

Condition constant(bool value) {
  Condition out;
  out.kind = value ? Kind::all : Kind::any;
  out.rate = value ? 1.0F : 0.0F;
  return out;
}

// Of n independent conditions, the share of stories in which at least `count` are true.
float rate_of_at_least(std::size_t count, const std::vector<Condition>& parts) {
  std::vector<float> exactly(count + 1, 0.0F);  // [k]: exactly k of the parts so far; the last: that or more
  exactly[0] = 1;
  for (const auto& part : parts) {
    exactly[count] += exactly[count - 1] * part.rate;
    for (auto k = count - 1; k > 0; --k) exactly[k] += (exactly[k - 1] - exactly[k]) * part.rate;
    exactly[0] *= 1 - part.rate;
  }
  return exactly[count];
}

Condition group(Kind kind, std::vector<Condition> parts) {
  const bool is_all = kind == Kind::all;
  std::vector<Condition> kept;
  kept.reserve(parts.size());
  for (auto& part : parts) {
    if (is_all ? part.is_never() : part.is_always()) return constant(!is_all);
    if (part.kind == kind)
      std::ranges::move(part.parts, std::back_inserter(kept));
    else
      kept.push_back(std::move(part));
  }
  if (kept.size() == 1) return std::move(kept.front());
  Condition out;
  out.kind = kind;
  out.rate = 1;
  for (const auto& part : kept) out.rate *= is_all ? part.rate : 1 - part.rate;
  if (!is_all) out.rate = 1 - out.rate;
  // What decides soonest is tested first.
  std::ranges::sort(kept, [&](const Condition& a, const Condition& b) {
    return is_all ? a.rate < b.rate : a.rate > b.rate;
  });
  out.parts = std::move(kept);
  return out;
}

Condition at_least(std::size_t count, std::vector<Condition> parts) {
  std::erase_if(parts, [](const Condition& part) { return part.is_never(); });
  count -= std::min<std::size_t>(
      count, std::erase_if(parts, [](const Condition& part) { return part.is_always(); }));
  if (count == 0) return constant(true);
  if (count > parts.size()) return constant(false);
  if (count == 1) return group(Kind::any, std::move(parts));
  if (count == parts.size()) return group(Kind::all, std::move(parts));
  Condition out;
  out.kind = Kind::at_least;
  out.count = static_cast<std::uint32_t>(count);
  out.rate = rate_of_at_least(count, parts);
  out.parts = std::move(parts);
  return out;
}

// Calls `found` with each phrase of a rule, in the order in which they are compiled.
template <class Found>
void for_each_phrase(const Rule& rule, const Found& found) {
  std::visit(
      [&]<class Clause>(const Clause& clause) {
        if constexpr (std::is_same_v<Clause, clause::Phrase>) found(clause);
        if constexpr (requires { clause.rules; })
          for (const auto& part : clause.rules) for_each_phrase(part, found);
        if constexpr (std::is_same_v<Clause, clause::Not>) for_each_phrase(clause.rule, found);
        if constexpr (std::is_same_v<Clause, clause::Near>) {
          for_each_phrase(clause.left, found);
          for_each_phrase(clause.right, found);
        }
      },
      rule.node().clause);
}

class Compiler {
 public:
  Compiler(Dictionary& dictionary, const TermRates& rates) : dictionary_(dictionary), rates_(rates) {}

  Condition compile(const Rule& rule) {
    intern_words(rule);
    return compile(rule, false);
  }

 private:
  // Looks up the words of all phrases and fetches what will be asked of them.
  void intern_words(const Rule& rule) {
    std::vector<const Word*> words;
    for_each_phrase(rule, [&](const clause::Phrase& phrase) {
      phrases_.push_back({&phrase, words.size()});
      for (const auto& word : phrase.words) words.push_back(&word);
    });
    forms_ = dictionary_.intern_forms(words);
    for (const auto form : forms_)
      dictionary_.prefetch_rate_key(dictionary_.own_term_of(form, WordTerm::stem));
    for (const auto form : forms_)
      if (const auto term = dictionary_.own_term_of(form, WordTerm::stem); term != 0)
        rates_.prefetch(dictionary_.rate_key(term));
  }

  // Of a phrase's words. Phrases are compiled in the order in which they were looked up, each once; some are
  // left out.
  std::span<const FormId> forms_of(const clause::Phrase& phrase) {
    while (phrases_[next_phrase_].phrase != &phrase) ++next_phrase_;
    return std::span(forms_).subspan(phrases_[next_phrase_++].first_form, phrase.words.size());
  }

  Condition compile(const Rule& rule, bool negated) {
    return std::visit([&](const auto& clause) { return compile(clause, negated); }, rule.node().clause);
  }

  Condition compile(const clause::Phrase& phrase, bool negated) {
    const auto forms = forms_of(phrase);
    if (forms.size() == 1)
      return term(dictionary_.intern_word(forms.front(), word_term_of(phrase.scope, phrase.exact)), negated);
    if (forms.size() == 2)
      if (const auto pair = pair_of(phrase, forms, 0); pair != 0) return term(pair, negated);
    return negate_leaf(side(phrase, forms), negated);
  }

  Condition compile(const clause::Prefix& prefix, bool negated) {
    return term(dictionary_.intern_prefix(prefix), negated);
  }

  Condition compile(const clause::Near& near, bool negated) {
    Condition out;
    out.kind = Kind::near;
    out.ordered = near.ordered;
    out.count = near.distance;
    out.parts.push_back(side(near.left));
    out.parts.push_back(side(near.right));
    out.rate = out.parts[0].rate * out.parts[1].rate;
    return negate_leaf(std::move(out), negated);
  }

  Condition compile(const clause::ValueIs& value, bool negated) {
    return term(dictionary_.intern_value(value.field, value.folded), negated);
  }

  Condition compile(const clause::Between& between, bool negated) {
    if (between.number == clause::Number::published) {
      Condition out;
      out.kind = Kind::between;
      out.least = between.least;
      out.most = between.most;
      out.rate = 0.5F;  // nobody knows
      return negate_leaf(std::move(out), negated);
    }
    std::vector<Condition> urgencies;
    for (int urgency = 1; urgency <= 8; ++urgency) {
      const bool within = between.least <= urgency && urgency <= between.most;
      if (within != negated) urgencies.push_back(term(Dictionary::urgency_term(urgency), false));
    }
    return urgencies.size() == 8 ? constant(true) : group(Kind::any, std::move(urgencies));
  }

  // By De Morgan's laws a negated group is the other group of negated members.
  Condition compile(const clause::All& all, bool negated) {
    return group(negated ? Kind::any : Kind::all, compile(all.rules, negated));
  }
  Condition compile(const clause::Any& any, bool negated) {
    return group(negated ? Kind::all : Kind::any, compile(any.rules, negated));
  }
  Condition compile(const clause::Not& none, bool negated) { return compile(none.rule, !negated); }
  Condition compile(const clause::AtLeast& some, bool negated) {
    if (!negated) return at_least(some.count, compile(some.rules, false));
    if (some.count > some.rules.size()) return constant(true);
    return at_least(some.rules.size() + 1 - some.count, compile(some.rules, true));
  }

  std::vector<Condition> compile(const std::vector<Rule>& rules, bool negated) {
    std::vector<Condition> out;
    out.reserve(rules.size());
    for (const auto& rule : rules) out.push_back(compile(rule, negated));
    return out;
  }

  // A side of near, or a phrase by itself: something with places in the story.
  Condition side(const Rule& rule) {
    const auto& node = rule.node().clause;
    if (const auto* phrase = std::get_if<clause::Phrase>(&node)) return side(*phrase, forms_of(*phrase));
    if (const auto* prefix = std::get_if<clause::Prefix>(&node)) return side(*prefix);
    Condition out;
    out.kind = Kind::any;
    float none = 1;
    for (const auto& part : std::get<clause::Any>(node).rules) {
      out.parts.push_back(side(part));
      none *= 1 - out.parts.back().rate;
    }
    out.rate = 1 - none;
    return out;
  }

  Condition side(const clause::Phrase& phrase, std::span<const FormId> forms) {
    Condition out;
    out.kind = Kind::phrase;
    out.word_term = word_term_of(phrase.scope, phrase.exact);
    out.forms.assign(forms.begin(), forms.end());
    for (std::size_t i = 0; i < forms.size(); ++i) {
      out.terms.push_back(dictionary_.intern_word(forms[i], out.word_term));
      if (const auto pair = pair_of(phrase, forms, i); pair != 0) out.terms.push_back(pair);
    }
    std::ranges::sort(out.terms, {}, [this](TermId term) { return rate(term); });
    out.rate = rate(out.terms.front()) * (out.terms.size() > 1 ? 0.3F : 1.0F);
    return out;
  }

  Condition side(const clause::Prefix& prefix) {
    Condition out;
    out.kind = Kind::prefix;
    out.word_term = word_term_of(prefix.scope, true);
    out.term = dictionary_.intern_prefix(prefix);
    const Word word{prefix.exact, prefix.exact};
    out.forms = dictionary_.intern_forms({&word});
    out.terms.push_back(out.term);
    out.rate = rate(out.term);
    return out;
  }

  // The term for two neighbours of a phrase that are worth one; 0 if they are not.
  TermId pair_of(const clause::Phrase& phrase, std::span<const FormId> forms, std::size_t first) {
    if (phrase.exact || phrase.scope == Scope::title || first + 1 >= forms.size()) return 0;
    const auto rate_of = [this](FormId form) { return rates_.rate(dictionary_.rate_key_of_stem(form)); };
    if (std::min(rate_of(forms[first]), rate_of(forms[first + 1])) < pair_from_rate) return 0;
    return dictionary_.intern_pair(forms[first], forms[first + 1]);
  }

  Condition term(TermId term, bool negated) const {
    Condition out;
    out.kind = Kind::term;
    out.term = term;
    out.rate = rate(term);
    return negate_leaf(std::move(out), negated);
  }

  static Condition negate_leaf(Condition leaf, bool negated) {
    leaf.negated = negated;
    if (negated) leaf.rate = 1 - leaf.rate;
    return leaf;
  }

  float rate(TermId term) const { return rates_.rate(dictionary_.rate_key(term)); }

  struct LookedUp {
    const clause::Phrase* phrase;
    std::size_t first_form;
  };

  Dictionary& dictionary_;
  const TermRates& rates_;
  std::vector<LookedUp> phrases_;
  std::size_t next_phrase_ = 0;
  std::vector<FormId> forms_;
};

}  // namespace

Condition compile(const Rule& rule, Dictionary& dictionary, const TermRates& rates) {
  return Compiler(dictionary, rates).compile(rule);
}

}  // namespace crier
