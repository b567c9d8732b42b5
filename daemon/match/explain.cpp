#include "match/explain.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <fmt/format.h>

#include "match/evaluate.hpp"
#include "match/found_words.hpp"
#include "match/spans.hpp"

namespace crier {
namespace {

constexpr std::size_t max_listed = 8;

std::string query_of(const Rule& rule) {
  return one_line(to_string(rule));
}

// "a, b, c and 12 more"
template <class Item, class Show>
std::string listed(const std::vector<Item>& items, const Show& show) {
  std::string out;
  for (std::size_t i = 0; i < std::min(items.size(), max_listed); ++i) {
    if (i > 0) out += ", ";
    out += show(items[i]);
  }
  if (items.size() > max_listed) out += fmt::format(" and {} more", items.size() - max_listed);
  return out;
}

std::string shown(const std::vector<Reason>& reasons) {
  return listed(reasons, [](const Reason& r) { return r.found; });
}

// The number of the story that a Between compares.
std::string number_text(const AnalyzedStory& story, clause::Number number) {
  const auto value = number_of(story, number);
  if (!value) return "no time of publication";
  return number == clause::Number::urgency ? fmt::format("{}", *value) : to_rfc3339(Time{Duration(*value)});
}

// Why a rule that is true of the story is.
class Evidence {
 public:
  explicit Evidence(const AnalyzedStory& story) : story_(story) {}

  void add(const Rule& rule) {
    std::visit([&](const auto& clause) { add(clause, rule); }, rule.node().clause);
  }
  std::vector<Reason> take() { return std::move(reasons_); }

 private:
  template <class Words>
  void add(const Words& clause, const Rule& rule)
    requires std::is_same_v<Words, clause::Phrase> || std::is_same_v<Words, clause::Prefix>
  {
    auto words = words_at(find_spans(clause, story_), story_);
    auto found = shown(words.front());
    reasons_.push_back({query_of(rule), std::move(found), std::move(words)});
  }
  void add(const clause::Near& pair, const Rule& rule) {
    if (const auto nearest = find_nearest(pair, story_)) {
      std::vector words{words_at(nearest->left, story_), words_at(nearest->right, story_)};
      auto found = fmt::format("{} near {}", shown(words[0]), shown(words[1]));
      reasons_.push_back({query_of(rule), std::move(found), std::move(words), true});
    }
  }
  void add(const clause::ValueIs&, const Rule& rule) { add_plain(rule, ""); }
  void add(const clause::Between& between, const Rule& rule) {
    const bool says_it = between.least == between.most;
    add_plain(rule, says_it ? "" : fmt::format(" ({})", number_text(story_, between.number)));
  }
  void add(const clause::Not&, const Rule& rule) { add_plain(rule, ""); }
  void add(const clause::All& all, const Rule&) { add_true(all.rules); }
  void add(const clause::Any& any, const Rule&) { add_true(any.rules); }
  void add(const clause::AtLeast& some, const Rule&) { add_true(some.rules); }

  void add_true(const std::vector<Rule>& rules) {
    for (const auto& rule : rules)
      if (matches(rule, story_)) add(rule);
  }
  void add_plain(const Rule& rule, std::string_view remark) {
    auto query = query_of(rule);
    auto found = fmt::format("{}{}", query, remark);
    reasons_.push_back({std::move(query), std::move(found), {}});
  }

  const AnalyzedStory& story_;
  std::vector<Reason> reasons_;
};

std::vector<Reason> evidence_of(const Rule& rule, const AnalyzedStory& story) {
  Evidence evidence(story);
  evidence.add(rule);
  return evidence.take();
}

bool is_about_words(const Rule& rule) {
  const auto& node = rule.node().clause;
  return std::holds_alternative<clause::Phrase>(node) || std::holds_alternative<clause::Prefix>(node);
}

// How many words and conditions would have to be otherwise for the rule to be true.
struct Distance {
  const AnalyzedStory& story;

  std::size_t of(const Rule& rule) const {
    return std::visit([&](const auto& clause) { return of(clause, rule); }, rule.node().clause);
  }
  std::size_t of(const clause::All& all, const Rule&) const { return smallest(all.rules.size(), all.rules); }
  std::size_t of(const clause::Any& any, const Rule&) const { return smallest(1, any.rules); }
  std::size_t of(const clause::AtLeast& some, const Rule&) const { return smallest(some.count, some.rules); }
  std::size_t of(const clause::Phrase& phrase, const Rule& rule) const {
    if (matches(rule, story)) return 0;
    const auto is_absent = [&](const Word& word) {
      return !occurs({word.surface, {word}, phrase.scope, phrase.exact}, story);
    };
    return std::max<std::size_t>(1, static_cast<std::size_t>(std::ranges::count_if(phrase.words, is_absent)));
  }
  std::size_t of(const clause::Near& pair, const Rule& rule) const {
    if (matches(rule, story)) return 0;
    return std::max<std::size_t>(1, of(pair.left) + of(pair.right));
  }
  std::size_t of(const auto&, const Rule& rule) const { return matches(rule, story) ? 0 : 1; }

  std::size_t smallest(std::size_t count, const std::vector<Rule>& rules) const {
    std::vector<std::size_t> distances;
    for (const auto& rule : rules) distances.push_back(of(rule));
    std::ranges::sort(distances);
    distances.resize(std::min(count, distances.size()));
    return std::accumulate(distances.begin(), distances.end(), std::size_t{0});
  }
};

// What a rule that is not true of the story lacks: the clause to look at, what it needs as a sentence, and
// the words that it excludes or that came nearest.
class Lack {
 public:
  Lack(const Rule& rule, const AnalyzedStory& story) : rule_(rule), story_(story) {}

  Explanation find() const {
    return std::visit([this](const auto& clause) { return of(clause); }, rule_.node().clause);
  }

 private:
  Explanation failed(std::string missing, std::vector<FoundWords> words = {}, bool is_pair = false) const {
    return {false, {{query_of(rule_), {}, std::move(words), is_pair}}, std::move(missing)};
  }
  std::string needs(const Rule& rule) const { return fmt::format("needs {}", query_of(rule)); }

  Explanation of(const clause::Phrase& phrase) const {
    auto nearly = phrase;
    nearly.exact = false;
    if (const auto spans = find_spans(nearly, story_); !spans.empty()) {
      auto words = words_at(spans, story_);
      auto missing = fmt::format("{}; only another form occurs: {}", needs(rule_), shown(words[0]));
      return failed(std::move(missing), std::move(words));
    }
    nearly.exact = phrase.exact;
    nearly.scope = Scope::story;
    if (auto elsewhere = outside_title(phrase.scope, Rule({nearly}))) return *std::move(elsewhere);
    if (phrase.words.size() == 1) return failed(needs(rule_) + "; it does not occur");
    return of_scattered(nearly);
  }

  // A phrase whose words may occur, but not in a row.
  Explanation of_scattered(const clause::Phrase& phrase) const {
    std::vector<FoundWords> found;
    std::vector<std::string> absent;
    for (const auto& word : phrase.words) {
      const clause::Phrase alone{word.surface, {word}, phrase.scope, phrase.exact};
      const auto spans = find_spans(alone, story_);
      if (spans.empty())
        absent.push_back(word.surface);
      else
        found.push_back(words_at(spans.front(), story_));
    }
    if (found.empty()) return failed(needs(rule_) + "; it does not occur");
    const auto occurring = listed(found, [](const auto& words) { return shown(words); });
    auto missing = absent.empty()
                       ? fmt::format("{}; its words do not stand together: {}", needs(rule_), occurring)
                       : fmt::format("{}; of it only {} {}", needs(rule_), occurring,
                                     found.size() == 1 ? "occurs" : "occur");
    return failed(std::move(missing), std::move(found));
  }

  Explanation of(const clause::Prefix& prefix) const {
    auto anywhere = prefix;
    anywhere.scope = Scope::story;
    if (auto elsewhere = outside_title(prefix.scope, Rule({anywhere}))) return *std::move(elsewhere);
    return failed(needs(rule_) + "; no word begins so");
  }

  // For words that are looked for in the title and stand elsewhere.
  std::optional<Explanation> outside_title(Scope scope, const Rule& anywhere) const {
    if (scope == Scope::story) return std::nullopt;
    const auto spans = find_spans(anywhere, story_);
    if (spans.empty()) return std::nullopt;
    auto words = words_at(spans, story_);
    auto missing =
        fmt::format("{} in the title; it occurs elsewhere only: {}", needs(anywhere), shown(words[0]));
    return failed(std::move(missing), std::move(words));
  }

  Explanation of(const clause::Near& pair) const {
    const auto left = find_spans(pair.left, story_);
    const auto right = find_spans(pair.right, story_);
    if (left.empty() && right.empty()) return failed(needs(rule_) + "; neither side occurs");
    if (left.empty() || right.empty())
      return failed(
          fmt::format("{}; {} does not occur", needs(rule_), query_of(left.empty() ? pair.left : pair.right)),
          words_at(left.empty() ? right : left, story_));
    const auto nearest = find_nearest(pair, story_);
    const auto turned = pair.ordered ? find_nearest(right, left, true) : std::nullopt;
    const bool is_turned = turned && turned->distance <= pair.distance;
    const auto& found = is_turned ? turned : nearest;
    std::vector words{words_at(found ? found->left : left.front(), story_),
                      words_at(found ? found->right : right.front(), story_)};
    const auto places = fmt::format("{} and {}", shown(words[0]), shown(words[1]));
    std::string why;
    if (is_turned)
      why = fmt::format("they stand the other way round: {}", places);
    else if (!nearest)
      why = fmt::format("they do not occur in this order: {}", places);
    else if (nearest->distance >= field_gap)
      why = fmt::format("they occur in different fields only: {}", places);
    else
      why = fmt::format("the nearest are {} words apart: {}", nearest->distance, places);
    return failed(fmt::format("{}; {}", needs(rule_), why), std::move(words), true);
  }

  Explanation of(const clause::ValueIs& value) const {
    const auto values = story_.values(value.field);
    if (values.empty())
      return failed(fmt::format("{}; the story has no {}", needs(rule_), to_string(value.field)));
    const std::vector<AnalyzedStory::Value> all(values.begin(), values.end());
    const auto text = listed(all, [](const auto& item) { return in_quotes_if_several(one_line(item.text)); });
    return failed(fmt::format("{}; the story has {}", needs(rule_), text));
  }
  Explanation of(const clause::Between& between) const {
    return failed(fmt::format("{}; the story has {}", needs(rule_), number_text(story_, between.number)));
  }

  Explanation of(const clause::All& all) const {
    auto out = Lack(nearest_of(all.rules, Tie::smaller), story_).find();
    const auto others =
        std::ranges::count_if(all.rules, [this](const Rule& part) { return !matches(part, story_); }) - 1;
    if (others == 1) out.missing += "; and one more clause fails";
    if (others > 1) out.missing += fmt::format("; and {} more clauses fail", others);
    return out;
  }

  Explanation of(const clause::Any& any) const {
    if (any.rules.empty()) return {false, {}, "the rule has nothing to find"};
    const bool words = std::ranges::all_of(any.rules, is_about_words);
    auto out = failed(fmt::format("needs one of {}; {} {}", listed(any.rules, query_of),
                                  any.rules.size() == 2 ? "neither" : "none", words ? "occurs" : "holds"));
    // An alternative of which a part holds is what the author probably had in mind.
    const auto& nearest = nearest_of(any.rules, Tie::larger);
    if (size_of(nearest).clauses > Distance{story_}.of(nearest)) {
      auto lacking = Lack(nearest, story_).find();
      out.missing += ". Nearest: " + lacking.missing;
      out.because = std::move(lacking.because);
    }
    return out;
  }

  Explanation of(const clause::Not& none) const {
    const auto reasons = evidence_of(none.rule, story_);
    std::vector<FoundWords> words;
    for (const auto& reason : reasons) words.insert(words.end(), reason.words.begin(), reason.words.end());
    return failed(
        fmt::format("excludes {}; found {}", query_of(none.rule), reasons.empty() ? "it" : shown(reasons)),
        std::move(words));
  }

  Explanation of(const clause::AtLeast& some) const {
    std::vector<Rule> held;
    std::ranges::copy_if(some.rules, std::back_inserter(held),
                         [this](const Rule& part) { return matches(part, story_); });
    auto out = failed(fmt::format("needs {} of {}; {}", some.count, listed(some.rules, query_of),
                                  held.empty() ? "none holds"
                                               : fmt::format("only {} {}", listed(held, query_of),
                                                             held.size() == 1 ? "holds" : "hold")));
    for (const auto& part : held)
      for (auto& reason : evidence_of(part, story_))
        std::ranges::move(reason.words, std::back_inserter(out.because[0].words));
    return out;
  }

  // Of the rules that do not hold the one of which the least is missing; of several such the smaller is the
  // simpler reason, of the larger more holds already.
  enum class Tie { smaller, larger };

  const Rule& nearest_of(const std::vector<Rule>& rules, Tie tie) const {
    const Rule* nearest = nullptr;
    std::size_t least = 0;
    for (const auto& part : rules) {
      const auto distance = Distance{story_}.of(part);
      if (distance == 0) continue;
      const auto is_better = [&] {
        if (distance != least) return distance < least;
        const auto size = size_of(part).clauses;
        const auto least_size = size_of(*nearest).clauses;
        return tie == Tie::smaller ? size < least_size : size > least_size;
      };
      if (nearest != nullptr && !is_better()) continue;
      nearest = &part;
      least = distance;
    }
    return *nearest;
  }

  const Rule& rule_;
  const AnalyzedStory& story_;
};

}  // namespace

Explanation explain(const Rule& rule, const AnalyzedStory& story) {
  if (matches(rule, story)) return {true, evidence_of(rule, story), {}};
  return Lack(rule, story).find();
}

std::string to_text(const Explanation& explanation) {
  if (!explanation.matched) return "no match: " + explanation.missing;
  if (explanation.because.empty()) return "matched: the rule asks for nothing";
  return "matched: " + shown(explanation.because);
}

namespace {

boost::json::object to_json(const Reason& reason) {
  boost::json::object out{{"clause", reason.clause}};
  boost::json::array words;
  for (const auto& [place, text] : reason.words)
    words.push_back({{"field", to_string(place.field)},
                     {"word", place.word},
                     {"begin", place.begin},
                     {"end", place.end},
                     {"text", text}});
  if (!words.empty()) out["words"] = std::move(words);
  return out;
}

}  // namespace

boost::json::object to_json(const Explanation& explanation) {
  boost::json::object out{{"matched", explanation.matched}};
  if (!explanation.matched) {
    out["missing"] = explanation.missing;
    if (!explanation.because.empty()) out["failed"] = to_json(explanation.because.front());
    return out;
  }
  boost::json::array because;
  for (const auto& reason : explanation.because) because.push_back(to_json(reason));
  out["because"] = std::move(because);
  return out;
}

}  // namespace crier
