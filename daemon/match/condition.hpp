// Condition: a rule in terms of the dictionary, simplified: negations stand at the leaves only, groups within
// groups of the same kind are dissolved, and members stand in the order in which they are best tested.
// The writer makes one of each rule that comes; programs and postings are made from it.
#pragma once

#include <cstdint>
#include <vector>

#include "match/dictionary.hpp"
#include "match/rule.hpp"
#include "match/term_rates.hpp"

namespace crier {

struct Condition {
  enum class Kind : std::uint8_t {
    term,      ///< the story has `term`
    phrase,    ///< `forms` in a row
    prefix,    ///< a side of near: words with the prefix that is `term`
    near,      ///< parts[0] within `count` words of parts[1]
    between,   ///< least <= published <= most
    all,       ///< of none: always true
    any,       ///< of none: never true
    at_least,  ///< `count` of the parts
  };

  Kind kind = Kind::all;
  bool negated = false;                 ///< of term, phrase, near and between
  bool ordered = false;                 ///< of near
  WordTerm word_term = WordTerm::stem;  ///< of a phrase's words and of a prefix, for its scope
  TermId term = 0;
  std::uint32_t count = 0;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::vector<FormId> forms;
  std::vector<TermId> terms;  ///< of a phrase: what a story with it has, too, the rarest first
  std::vector<Condition> parts;
  float rate = 1;  ///< an estimate of the share of stories of which it is true

  bool is_always() const { return kind == Kind::all && parts.empty(); }
  bool is_never() const { return kind == Kind::any && parts.empty(); }
};

/// Interns the rule's terms. The caller publishes them before the condition is put to use.
Condition compile(const Rule& rule, Dictionary& dictionary, const TermRates& rates);

}  // namespace crier
