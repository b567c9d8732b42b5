// Explain: why a rule is true of a story, with the words at their places; or the smallest reason why not.
// Pure; any thread. For `crier explain`, the reason line of a message and highlighting.
#pragma once

#include <string>
#include <vector>

#include "match/found_words.hpp"
#include "match/rule.hpp"
#include "text/analyzer.hpp"

namespace boost::json {
class object;
}

namespace crier {

struct Reason {
  std::string clause;             ///< as a query
  std::string found;              ///< for people: `"Ada Okoro" (body word 2)`, `region:Asia`, `NOT sport`
  std::vector<FoundWords> words;  ///< the first 20; of NEAR one of each side; empty for other conditions
  bool is_pair = false;           ///< of NEAR
};

struct Explanation {
  bool matched = false;
  /// With a match: the clauses that hold and matter, in the rule's order. Without: the one clause to look at,
  /// with the words that it excludes or that came nearest to it, if any.
  std::vector<Reason> because;
  std::string missing;  ///< without a match: what the rule needs and what the story has instead
};

Explanation explain(const Rule& rule, const AnalyzedStory& story);

/// One line: `matched: "Ada Okoro" (body word 2), Brandt (title word 1)`, or
/// `no match: needs one of "Ada Okoro", Brandt; neither occurs`.
std::string to_text(const Explanation& explanation);

/// {"matched": true, "because": [{"clause", "words": [{"field", "word", "begin", "end", "text"}]}]}, or
/// {"matched": false, "missing": "…", "failed": {"clause", "words"}}; begin and end are bytes of the field's
/// text.
boost::json::object to_json(const Explanation& explanation);

}  // namespace crier
