// The query language of rules: what a person types into YAML or a subscription form. Pure; takes any bytes.
//
//   chips AND (China OR Taiwan) NOT sport      AND before NOT may be left out; NOT binds before AND before OR
//   "Belt and Road"  state-of-the-art          a phrase
//   sanction*        =Apple                    words beginning so; this form only, without stemming
//   "Belt and Road" NEAR/10 summit             within 10 words; ONEAR/10: in this order
//   ATLEAST(2, chips, Taiwan, "export ban")    any two of them
//   title:summit      title:(summit OR talks)       in the title
//   topic: region: section: author: source: site: lang:      a field's whole value: region:"East Asia"
//   urgency<=2       published>=2023-01-01     = < > <= >=; a date is the whole UTC day
//   rule:shipping                              what the topic of this name asks for
//
// Operators are upper-case. Whatever could mean two things is an error that says what to write instead.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "base/result.hpp"
#include "match/query_error.hpp"
#include "match/rule.hpp"

namespace crier {

inline constexpr std::size_t max_query_bytes = std::size_t{64} * 1024;
inline constexpr int max_query_depth = 200;       ///< of parentheses, NOT and ATLEAST within each other
inline constexpr std::size_t max_clauses = 4096;  ///< words and conditions in one query
inline constexpr std::size_t max_phrase_words = 64;
inline constexpr unsigned max_near = 100;  ///< words
static_assert(max_near < field_gap);

/// The rule of a topic, or what is wrong with the name; `at` of the error is not used.
using FindTopic = std::function<Result<Rule, QueryError>(std::string_view name)>;

struct QueryOptions {
  bool stemming = true;    ///< false: every word is compared by its exact form, as =word is
  FindTopic find_topic{};  ///< for rule:NAME, which is refused without it
  /// Called with each part of the query and the byte where it begins, inner parts first; some parts twice.
  std::function<void(const Rule& part, std::size_t at)> on_part{};
};

/// The rule, or the first thing that is wrong. The rule may lack a positive clause (has_positive_clause),
/// since it may be a part of one.
Result<Rule, QueryError> read_query(std::string_view query, const QueryOptions& options = {});

/// As read_query; the error becomes a diagnostic with the offending line of the query and a caret under it.
/// `start` is the place of the query's first byte in a file that holds the query as it is.
std::optional<Rule> parse_query(std::string_view query, const Place& start, Diagnostics& diagnostics,
                                const QueryOptions& options = {});

struct TopicReference {
  std::string_view topic;  ///< points into the query
  std::size_t at = 0;
};

/// The topics that a query names by rule:NAME, in its order; none when it is no query.
std::vector<TopicReference> find_topic_references(std::string_view query);

}  // namespace crier
