#include "match/explain.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <fmt/format.h>

#include "match/evaluate.hpp"
#include "match/spans.hpp"

namespace crier {
namespace {

constexpr std::size_t max_words = 20;
constexpr std::size_t max_listed = 8;

// A piece of a story or rule within one line: white space becomes single spaces, long pieces are cut.
std::string one_line(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::string out;
  for (const char c : text) {
    const bool is_space = static_cast<unsigned char>(c) <= ' ';
    if (out.size() >= longest && (static_cast<unsigned char>(c) & 0xC0) != 0x80) return out + "…";
    if (!is_space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out;
}

std::string in_quotes_if_several(std::string_view text) {
  return text.find(' ') == std::string_view::npos ? std::string(text) : fmt::format("\"{}\"", text);
}

std::string query_of(const Rule& rule) {
  return one_line(to_string(rule));
}

FoundWords words_at(Span span, const AnalyzedStory& story) {
  auto place = story.place_of(span.first);
  place.end = story.place_of(span.last).end;
  return {place, one_line(story.text(place.field).substr(place.begin, place.end - place.begin))};
}

std::vector<FoundWords> words_at(const std::vector<Span>& spans, const AnalyzedStory& story) {
  std::vector<FoundWords> out;
  for (const auto& span : spans) {
    if (out.size() == max_words) break;
    out.push_back(words_at(span, story));
  }
  return out;
}

std::string shown(const FoundWords& words) {
  return fmt::format("{} ({} word {})", in_quotes_if_several(words.text), to_string(words.place.field),
                     words.place.word);
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
      reasons_.push_back({query_of(rule), std::move(found), std::move(words)});
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

// What a rule that is not true of the story needs, as a sentence.
struct Lack {
  const Rule& rule;
  const AnalyzedStory& story;

  std::string operator()(const clause::Phrase& phrase) const {
    auto nearly = phrase;
    nearly.exact = false;
    if (const auto spans = find_spans(nearly, story); !spans.empty())
      return fmt::format("needs {}; only another form occurs: {}", query_of(rule),
                         shown(words_at(spans[0], story)));
    nearly.exact = phrase.exact;
    nearly.scope = Scope::story;
    return without_scope(phrase.scope, Rule({nearly}), find_spans(nearly, story));
  }
  std::string operator()(const clause::Prefix& prefix) const {
    auto anywhere = prefix;
    anywhere.scope = Scope::story;
    return without_scope(prefix.scope, Rule({anywhere}), find_spans(anywhere, story));
  }
  std::string operator()(const clause::Near& pair) const {
    const auto left = find_spans(pair.left, story);
    const auto right = find_spans(pair.right, story);
    const auto needs = fmt::format("needs {}; ", query_of(rule));
    if (left.empty() && right.empty()) return needs + "neither side occurs";
    if (left.empty() || right.empty())
      return needs + fmt::format("{} does not occur", query_of(left.empty() ? pair.left : pair.right));
    const auto nearest = find_nearest(pair, story);
    if (!nearest) return needs + "they do not occur in this order";
    if (nearest->distance >= field_gap) return needs + "they occur in different fields only";
    return needs + fmt::format("the nearest are {} words apart: {} and {}", nearest->distance,
                               shown(words_at(nearest->left, story)), shown(words_at(nearest->right, story)));
  }
  std::string operator()(const clause::ValueIs& value) const {
    const auto values = story.values(value.field);
    if (values.empty())
      return fmt::format("needs {}; the story has no {}", query_of(rule), to_string(value.field));
    const std::vector<AnalyzedStory::Value> all(values.begin(), values.end());
    const auto text = listed(all, [](const auto& item) { return in_quotes_if_several(one_line(item.text)); });
    return fmt::format("needs {}; the story has {}", query_of(rule), text);
  }
  std::string operator()(const clause::Between& between) const {
    return fmt::format("needs {}; the story has {}", query_of(rule), number_text(story, between.number));
  }
  std::string operator()(const clause::All& all) const {
    const Rule* smallest = nullptr;
    for (const auto& part : all.rules) {
      if (matches(part, story)) continue;
      if (smallest == nullptr || size_of(part).clauses < size_of(*smallest).clauses) smallest = &part;
    }
    return std::visit(Lack{*smallest, story}, smallest->node().clause);
  }
  std::string operator()(const clause::Any& any) const {
    if (any.rules.empty()) return "the rule has nothing to find";
    const bool words = std::ranges::all_of(any.rules, is_about_words);
    return fmt::format("needs one of {}; {} {}", listed(any.rules, query_of),
                       any.rules.size() == 2 ? "neither" : "none", words ? "occurs" : "holds");
  }
  std::string operator()(const clause::Not& none) const {
    const auto reasons = evidence_of(none.rule, story);
    return fmt::format("excludes {}; found {}", query_of(none.rule), reasons.empty() ? "it" : shown(reasons));
  }
  std::string operator()(const clause::AtLeast& some) const {
    std::vector<Rule> held;
    std::ranges::copy_if(some.rules, std::back_inserter(held),
                         [this](const Rule& part) { return matches(part, story); });
    return fmt::format("needs {} of {}; {}", some.count, listed(some.rules, query_of),
                       held.empty() ? "none holds" : fmt::format("only {} holds", listed(held, query_of)));
  }

 private:
  // For words that do not occur where they are looked for; `anywhere` and `spans` are of the whole story.
  std::string without_scope(Scope scope, const Rule& anywhere, const std::vector<Span>& spans) const {
    if (scope == Scope::story || spans.empty())
      return fmt::format("needs {}; it does not occur", query_of(rule));
    return fmt::format("needs {} in the title; it occurs elsewhere only: {}", query_of(anywhere),
                       shown(words_at(spans[0], story)));
  }
};

}  // namespace

Explanation explain(const Rule& rule, const AnalyzedStory& story) {
  if (matches(rule, story)) return {true, evidence_of(rule, story), {}};
  return {false, {}, std::visit(Lack{rule, story}, rule.node().clause)};
}

std::string to_text(const Explanation& explanation) {
  if (!explanation.matched) return "no match: " + explanation.missing;
  if (explanation.because.empty()) return "matched: the rule asks for nothing";
  return "matched: " + shown(explanation.because);
}

boost::json::object to_json(const Explanation& explanation) {
  boost::json::object out{{"matched", explanation.matched}};
  if (!explanation.matched) {
    out["missing"] = explanation.missing;
    return out;
  }
  boost::json::array because;
  for (const auto& reason : explanation.because) {
    boost::json::object entry{{"clause", reason.clause}};
    boost::json::array words;
    for (const auto& [place, text] : reason.words)
      words.push_back({{"field", to_string(place.field)},
                       {"word", place.word},
                       {"begin", place.begin},
                       {"end", place.end},
                       {"text", text}});
    if (!words.empty()) entry["words"] = std::move(words);
    because.push_back(std::move(entry));
  }
  out["because"] = std::move(because);
  return out;
}

}  // namespace crier
