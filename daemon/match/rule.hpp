// Rule: a boolean condition over a story, as an immutable tree with shared nodes. A value: copies are cheap
// and any thread may read one. It knows no language and no story; evaluate.hpp and explain.hpp compare the
// two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "text/analyzer.hpp"

namespace crier {

struct RuleNode;

class Rule {
 public:
  explicit Rule(RuleNode node);

  const RuleNode& node() const { return *node_; }
  /// Whether both say the same: spelling, case and accents that the analysis folds away do not count.
  friend bool operator==(const Rule& left, const Rule& right);

 private:
  std::shared_ptr<const RuleNode> node_;
};

/// Where words are looked for.
enum class Scope : std::uint8_t { story, title };

namespace clause {

/// Words in a row, one or more; compared by stem, or by exact form.
struct Phrase {
  std::string text;  ///< as written, without quotes
  std::vector<Word> words;
  Scope scope = Scope::story;
  bool exact = false;
};

/// Every word whose exact form begins so.
struct Prefix {
  std::string text;   ///< as written, without the asterisk
  std::string exact;  ///< without accents
  Scope scope = Scope::story;
};

/// Both within `distance` words: 1 = next to each other, counted from the end of the one to the beginning of
/// the other. Sides are phrases, prefixes, or an Any of such; they never overlap.
struct Near {
  Rule left;
  Rule right;
  unsigned distance = 1;
  bool ordered = false;  ///< left before right
};

/// One of the field's values is this one.
struct ValueIs {
  ValueField field = ValueField::topic;
  std::string text;    ///< as written
  std::string folded;  ///< fold_value(text)
};

enum class Number : std::uint8_t { urgency, published };

/// least <= number <= most; urgency 1-8, published in milliseconds since 1970. One end is open, or both lie
/// at the same number, or at the first and last millisecond of a day. Never true of a story without the
/// number.
struct Between {
  static constexpr auto no_begin = std::numeric_limits<std::int64_t>::min();
  static constexpr auto no_end = std::numeric_limits<std::int64_t>::max();

  Number number = Number::urgency;
  std::int64_t least = no_begin;
  std::int64_t most = no_end;
};

struct All {
  std::vector<Rule> rules;
};

struct Any {
  std::vector<Rule> rules;
};

struct Not {
  Rule rule;
};

struct AtLeast {
  unsigned count = 1;
  std::vector<Rule> rules;
};

}  // namespace clause

struct RuleNode {
  std::variant<clause::Phrase, clause::Prefix, clause::Near, clause::ValueIs, clause::Between, clause::All,
               clause::Any, clause::Not, clause::AtLeast>
      clause;
};

/// The nodes of YAML. One rule alone is itself; an All in an All, or an Any in an Any, is taken apart.
Rule all_of(std::vector<Rule> rules);   ///< of none: true of every story
Rule any_of(std::vector<Rule> rules);   ///< of none: true of no story
Rule none_of(std::vector<Rule> rules);  ///< of none: true of every story
Rule at_least(unsigned count, std::vector<Rule> rules);

/// Whether the rule asks for something a story must have: a word, a field's value, an urgency. Those that do
/// not ("NOT sport", "published>=2023-01-01") would find nearly everything, and loaders refuse them. Only
/// whole rules need one: a part of a rule may just exclude.
bool has_positive_clause(const Rule& rule);

/// Bounds of a whole rule, the topics it refers to included. Loaders refuse what is larger.
inline constexpr std::size_t max_rule_words = std::size_t{128} * 1024;
inline constexpr std::size_t max_rule_depth = 400;

struct RuleSize {
  std::size_t clauses = 0;  ///< words, phrases and conditions, each as often as it is used
  std::size_t words = 0;    ///< words, those of phrases, too, and conditions
  std::size_t depth = 0;    ///< of rules within each other; a word alone has 1
};

/// Takes time linear in the clauses, and stops counting a little above max_rule_words.
RuleSize size_of(const Rule& rule);

/// The canonical query: parse_query gives an equal rule back, unless the rule was made of an empty list.
std::string to_string(const Rule& rule);

}  // namespace crier
