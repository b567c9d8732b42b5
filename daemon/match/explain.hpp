// Explain: why a rule is true of a story, with the words at their places; or the smallest reason why not.
// Pure; any thread. For `crier explain`, the reason line of a message and highlighting.
#pragma once

#include <string>
#include <vector>

#include "match/rule.hpp"
#include "text/analyzer.hpp"

namespace boost::json {
class object;
}

namespace crier {

/// Words of the story that a clause found.
struct FoundWords {
  WordPlace place;   ///< of the first word; end is the end of the last one
  std::string text;  ///< as the story spells them
};

struct Reason {
  std::string clause;             ///< as a query
  std::string found;              ///< for people: `"Ada Okoro" (body word 2)`, `region:Asia`, `NOT sport`
  std::vector<FoundWords> words;  ///< the first 20; of NEAR one of each side; empty for other conditions
};

struct Explanation {
  bool matched = false;
  std::vector<Reason>
      because;          ///< the clauses that hold and matter, in the rule's order; empty without a match
  std::string missing;  ///< without a match: what the rule needs and what the story has instead
};

Explanation explain(const Rule& rule, const AnalyzedStory& story);

/// One line: `matched: "Ada Okoro" (body word 2), Brandt (title word 1)`, or
/// `no match: needs one of "Ada Okoro", Brandt; neither occurs`.
std::string to_text(const Explanation& explanation);

/// {"matched": true, "because": [{"clause", "words": [{"field", "word", "begin", "end", "text"}]}]}, or
/// {"matched": false, "missing": "…"}; begin and end are bytes of the field's text.
boost::json::object to_json(const Explanation& explanation);

}  // namespace crier
