// Random rules against random stories, compared with a second evaluator that is as naive as the definition of
// the query language: it looks at words as a list and tries every pair of places.
#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "match/evaluate.hpp"
#include "match/explain.hpp"
#include "match/query_parser.hpp"
#include "match/rule_index.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

struct WordForm {
  std::string text;
  std::string stem;  // words of one stem match each other
};

const std::vector<WordForm> vocabulary{{"chip", "chip"},      {"chips", "chip"},  {"border", "border"},
                                       {"borders", "border"}, {"coast", "coast"}, {"coastal", "coastal"},
                                       {"été", "ete"},        {"北", "北"},       {"京", "京"},
                                       {"market", "market"}};

using WordList = std::vector<std::size_t>;  // places in the vocabulary

struct PlainStory {
  WordList title, summary, body;
  std::string region;
  int urgency = 5;
};

enum class Kind { phrase, prefix, near, region, urgency, all, any, none, at_least };

struct PlainRule {
  Kind kind = Kind::phrase;
  WordList words;
  std::string text;  // of a prefix or region
  bool exact = false;
  bool title = false;
  bool ordered = false;
  unsigned number = 1;
  std::vector<PlainRule> parts;
};

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  PlainStory story() {
    return {words(6), words(4), words(14), below(2) == 0 ? "Asia" : "East Africa",
            static_cast<int>(below(8)) + 1};
  }

  PlainRule rule(int depth) {
    if (depth == 0 || below(3) == 0) return leaf();
    PlainRule rule;
    constexpr std::array groups{Kind::all, Kind::any, Kind::none, Kind::at_least};
    rule.kind = groups[below(groups.size())];
    const auto count = rule.kind == Kind::none ? 1 : 2 + below(3);
    for (std::size_t i = 0; i < count; ++i) rule.parts.push_back(this->rule(depth - 1));
    rule.number = static_cast<unsigned>(1 + below(count));
    return rule;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  WordList words(std::size_t most) {
    WordList out(below(most + 1));
    for (auto& word : out) word = below(vocabulary.size());
    return out;
  }

  PlainRule text_leaf(bool title) {
    PlainRule rule;
    rule.title = title;
    if (below(5) == 0) {
      rule.kind = Kind::prefix;
      constexpr std::array<std::string_view, 4> prefixes{"ch", "coast", "coasta", "bord"};
      rule.text = prefixes[below(prefixes.size())];
      return rule;
    }
    rule.exact = below(3) == 0;
    rule.words.resize(1 + below(5) / 3);
    for (auto& word : rule.words) word = below(vocabulary.size());
    return rule;
  }

  PlainRule near_side(bool title) {
    if (below(3) != 0) return text_leaf(title);
    PlainRule rule;
    rule.kind = Kind::any;
    rule.parts = {text_leaf(title), text_leaf(title)};
    return rule;
  }

  PlainRule leaf() {
    const auto choice = below(10);
    const bool title = below(4) == 0;
    if (choice < 6) return text_leaf(title);
    PlainRule rule;
    if (choice == 6) {
      rule.kind = Kind::region;
      rule.text = below(2) == 0 ? "asia" : "East-Africa";
    } else if (choice == 7) {
      rule.kind = Kind::urgency;
      rule.number = static_cast<unsigned>(1 + below(8));
    } else {
      rule.kind = Kind::near;
      rule.number = static_cast<unsigned>(1 + below(5));
      rule.ordered = below(2) == 0;
      rule.parts = {near_side(title), near_side(title)};
    }
    return rule;
  }

  std::mt19937 random_;
};

std::string joined(const WordList& words) {
  std::string out;
  for (const auto word : words) out += vocabulary[word].text + ' ';
  return out;
}

std::string query_of(const PlainRule& rule) {
  std::string list;
  const auto separator = rule.kind == Kind::all ? " AND " : rule.kind == Kind::any ? " OR " : ", ";
  for (const auto& part : rule.parts) list += (list.empty() ? "" : separator) + query_of(part);
  const std::string scope = rule.title ? "title:" : "";
  switch (rule.kind) {
    case Kind::phrase:
      return scope + (rule.exact ? "=\"" : "\"") + joined(rule.words) + '"';
    case Kind::prefix:
      return scope + rule.text + '*';
    case Kind::near:
      return '(' + query_of(rule.parts[0]) + (rule.ordered ? " ONEAR/" : " NEAR/") +
             std::to_string(rule.number) + ' ' + query_of(rule.parts[1]) + ')';
    case Kind::region:
      return "region:\"" + rule.text + '"';
    case Kind::urgency:
      return "urgency<=" + std::to_string(rule.number);
    case Kind::none:
      return "NOT (" + list + ')';
    case Kind::at_least:
      return "ATLEAST(" + std::to_string(rule.number) + ", " + list + ')';
    default:
      return '(' + list + ')';
  }
}

// First and last word of each occurrence in one field.
std::vector<std::pair<long, long>> places(const PlainRule& side, const WordList& text, bool is_title) {
  std::vector<std::pair<long, long>> out;
  for (const auto& part : side.parts)
    for (const auto& place : places(part, text, is_title)) out.push_back(place);
  if (side.kind == Kind::any || (side.title && !is_title)) return out;
  const auto same = [&](std::size_t rule_word, std::size_t word) {
    return side.exact ? rule_word == word : vocabulary[rule_word].stem == vocabulary[word].stem;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (side.kind == Kind::prefix) {
      if (vocabulary[text[at]].text.starts_with(side.text)) out.emplace_back(at, at);
      continue;
    }
    bool found = at + side.words.size() <= text.size();
    for (std::size_t i = 0; found && i < side.words.size(); ++i) found = same(side.words[i], text[at + i]);
    if (found) out.emplace_back(at, at + side.words.size() - 1);
  }
  return out;
}

bool is_near(const PlainRule& rule, const WordList& text, bool is_title) {
  for (const auto& left : places(rule.parts[0], text, is_title))
    for (const auto& right : places(rule.parts[1], text, is_title)) {
      const auto after = right.first - left.second;
      const auto before = left.first - right.second;
      if (after > 0 && after <= static_cast<long>(rule.number)) return true;
      if (!rule.ordered && before > 0 && before <= static_cast<long>(rule.number)) return true;
    }
  return false;
}

bool is_true(const PlainRule& rule, const PlainStory& story) {
  const auto in_any_field = [&](const auto& test) {
    return test(story.title, true) || test(story.summary, false) || test(story.body, false);
  };
  const auto held = std::count_if(rule.parts.begin(), rule.parts.end(), [&](const PlainRule& part) {
    return rule.kind != Kind::near && is_true(part, story);
  });
  switch (rule.kind) {
    case Kind::near:
      return in_any_field([&](const WordList& text, bool title) { return is_near(rule, text, title); });
    case Kind::region:
      return (rule.text == "asia") == (story.region == "Asia");
    case Kind::urgency:
      return story.urgency <= static_cast<int>(rule.number);
    case Kind::all:
      return held == static_cast<long>(rule.parts.size());
    case Kind::any:
      return held > 0;
    case Kind::none:
      return held == 0;
    case Kind::at_least:
      return held >= static_cast<long>(rule.number);
    default:
      return in_any_field(
          [&](const WordList& text, bool title) { return !places(rule, text, title).empty(); });
  }
}

Story story_of(const PlainStory& words) {
  Story story;
  story.language = "en";
  story.title = joined(words.title);
  story.summary = joined(words.summary);
  story.body_text = joined(words.body);
  story.regions = {words.region};
  story.urgency = words.urgency;
  return story;
}

// Random rules, some of them gone again, by their id in an index.
class RandomRules {
 public:
  void change(Generator& generator, std::mt19937& random, RuleIndex& index) {
    const auto id = static_cast<RuleId>(random() % max_rules);
    if (random() % 3 == 0) {
      rules_.erase(id);
      index.remove(id);
      return;
    }
    Diagnostics diagnostics;
    const auto rule = parse_query(query_of(generator.rule(3)), {}, diagnostics);
    REQUIRE(rule);
    rules_.insert_or_assign(id, *rule);
    index.add(id, *rule);
  }

  std::vector<RuleId> true_of(const AnalyzedStory& story) const {
    std::vector<RuleId> out;
    for (const auto& [id, rule] : rules_)
      if (matches(rule, story)) out.push_back(id);
    return out;
  }

  std::size_t size() const { return rules_.size(); }

 private:
  static constexpr RuleId max_rules = 600;

  std::map<RuleId, Rule> rules_;
};

}  // namespace

TEST_CASE("an index finds the rules that are true of a story, whatever came and went before") {
  Generator generator(20260512);
  std::mt19937 random(7);
  RuleIndex index;
  RandomRules rules;
  for (int round = 0; round < 400; ++round) {
    for (int change = 0; change < 10; ++change) rules.change(generator, random, index);
    REQUIRE(index.size() == rules.size());
    auto story = story_of(generator.story());
    if (round % 4 == 3) story.language = "de";  // other stems for the same words
    CAPTURE(round, story.title, story.summary, story.body_text);
    const auto analysed = analyze(story);
    const auto expected = rules.true_of(analysed);
    REQUIRE(index.match(analysed) == expected);
    std::vector<RuleId> scanned;
    index.scan(analysed, scanned);
    REQUIRE(scanned == expected);
    index.learn(analysed);
    index.reanchor(50);
    REQUIRE(index.match(analysed) == expected);
  }
}

TEST_CASE("random rules mean what the naive definition says") {
  Generator generator(20231018);
  std::size_t matched = 0;
  for (int round = 0; round < 300; ++round) {
    const auto plain = generator.rule(3);
    const auto query = query_of(plain);
    CAPTURE(round, query);
    Diagnostics diagnostics;
    const auto rule = parse_query(query, {}, diagnostics);
    REQUIRE(rule);
    REQUIRE(parse_query(to_string(*rule), {}, diagnostics) == rule);
    for (int turn = 0; turn < 20; ++turn) {
      const auto words = generator.story();
      const auto story = story_of(words);
      CAPTURE(story.title, story.summary, story.body_text, story.regions[0], words.urgency);
      const auto analysed = analyze(story);
      const bool expected = is_true(plain, words);
      REQUIRE(matches(*rule, analysed) == expected);
      REQUIRE(explain(*rule, analysed).matched == expected);
      matched += expected ? 1 : 0;
    }
  }
  // Neither always nor never: the stories and rules are worth comparing.
  REQUIRE(matched > 1000);
  REQUIRE(matched < 5000);
}
