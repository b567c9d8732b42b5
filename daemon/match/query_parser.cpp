#include "match/query_parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "match/query_lexer.hpp"
#include "match/query_parts.hpp"

namespace crier {
namespace {

using Kind = QueryToken::Kind;

constexpr std::array<std::string_view, 11> field_names{"title",   "topic",     "region", "section",
                                                       "author",  "source",    "site",   "lang",
                                                       "urgency", "published", "rule"};

// Recursive descent; the first error ends it: after an error every function answers nullopt.
class Parser {
 public:
  Parser(std::vector<QueryToken> tokens, const QueryOptions& options)
      : tokens_(std::move(tokens)), options_(options) {}

  std::optional<Rule> parse() {
    if (peek().kind == Kind::end) return fail(peek(), "the query is empty; write a word or a \"phrase\"");
    auto rule = parse_or();
    if (!rule) return std::nullopt;
    if (peek().kind == Kind::close)
      return fail(peek(), "nothing is open here; remove this ) or add a ( before it");
    if (peek().kind == Kind::comma) return fail_at_comma();
    return rule;
  }

  QueryError take_error() { return std::move(error_); }

 private:
  // Bounds the recursion, and so the stack.
  class Depth {
   public:
    explicit Depth(int& depth) : depth_(++depth) {}
    ~Depth() { --depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    int& depth_;
  };

  std::optional<Rule> parse_or() {
    const auto begin = peek().at;
    std::vector<Rule> rules;
    do {
      auto rule = parse_and();
      if (!rule) return std::nullopt;
      rules.push_back(std::move(*rule));
    } while (take_word("OR"));
    return tell(begin, any_of(std::move(rules)));
  }

  std::optional<Rule> parse_and() {
    const auto start = peek().at;
    std::vector<Rule> rules;
    do {
      const auto begin = next_;
      auto rule = parse_not();
      if (!rule) return std::nullopt;
      tell(tokens_[begin].at, *rule);
      if (!check_what_follows(begin)) return std::nullopt;
      rules.push_back(std::move(*rule));
    } while (take_word("AND") || is_word("NOT"));
    return tell(start, all_of(std::move(rules)));
  }

  std::optional<Rule> parse_not() {
    if (!is_word("NOT")) return parse_near();
    const Depth depth(depth_);
    if (depth_ > max_query_depth) return fail_too_deep();
    take();
    auto rule = parse_not();
    if (!rule) return std::nullopt;
    return Rule({clause::Not{std::move(*rule)}});
  }

  std::optional<Rule> parse_near() {
    const auto& start = peek();
    const auto references = references_;
    auto left = parse_primary();
    if (!left || peek().kind != Kind::word || !is_near(peek().text)) return left;
    const auto& sign = take();
    const bool ordered = sign.text.front() == 'O';
    const auto slash = sign.text.find('/');
    const auto distance =
        slash == std::string_view::npos ? std::nullopt : parse_whole_number(sign.text.substr(slash + 1));
    if (!distance || *distance < 1 || *distance > max_near)
      return fail(sign, fmt::format("write {}/N with the distance in words, 1 to {}, as in {}/5",
                                    sign.text.substr(0, slash), max_near, sign.text.substr(0, slash)));
    const auto& right_start = peek();
    auto right = parse_primary();
    if (!right) return std::nullopt;
    if (references_ > references)
      return fail(start, fmt::format("{} is about words; write the words of the topic out", sign.text));
    for (const auto& [side, at] : {std::pair{&*left, &start}, {&*right, &right_start}})
      if (!can_be_near(*side))
        return fail(*at,
                    fmt::format("{} takes a word, a \"phrase\", a prefix*, or (several OR such) on each side",
                                sign.text));
    if (!have_one_scope(*left, *right))
      return fail(
          start,
          fmt::format("both sides of {0} must be looked for in one place; write title:(a {0} b)", sign.text));
    if (peek().kind == Kind::word && is_near(peek().text))
      return fail(peek(), fmt::format("{0} joins two; write a {0} b AND b {0} c", sign.text));
    return Rule({clause::Near{std::move(*left), std::move(*right), *distance, ordered}});
  }

  std::optional<Rule> parse_primary() {
    if (++clauses_ > max_clauses)
      return fail(peek(), fmt::format("more than {} words and conditions; split the query", max_clauses));
    const auto& token = take();
    switch (token.kind) {
      case Kind::open:
        return parse_group(token);
      case Kind::text:
        return make_phrase(token, false);
      case Kind::field:
        return parse_field(token);
      case Kind::compare:
        if (token.text == "=") return parse_exact(token);
        return fail(token,
                    fmt::format("{} needs urgency or published before it, as in urgency<=2", token.text));
      case Kind::word:
        return parse_word(token);
      default:
        return fail_missing(token);
    }
  }

  std::optional<Rule> parse_group(const QueryToken& open) {
    const Depth depth(depth_);
    if (depth_ > max_query_depth) return fail_too_deep();
    if (peek().kind == Kind::close)
      return fail(open, "nothing is between these parentheses; write a word or remove them");
    auto rule = parse_or();
    if (!rule) return std::nullopt;
    if (peek().kind == Kind::comma) return fail_at_comma();
    if (peek().kind != Kind::close) return fail(open, "this ( is never closed; add a )");
    take();
    return rule;
  }

  std::optional<Rule> parse_word(const QueryToken& token) {
    const auto word = token.text;
    if (word == "ATLEAST") return parse_at_least(token);
    if (word == "AND" || word == "OR" || is_near(word))
      return fail(token,
                  fmt::format("{0} needs something before it; write a {0} b, or \"{0}\" for the word", word));
    if (word == "NOT")
      return fail(token,
                  "NOT cannot stand here; write NOT in front of the condition, or \"NOT\" for the word");
    if (!misspelt_operator(word).empty()) return fail_misspelt(token);
    if (peek().kind == Kind::compare) return parse_comparison(token);
    if (!check_signs(token)) return std::nullopt;
    if (word.ends_with('*')) return make_prefix(token);
    return make_phrase(token, false);
  }

  std::optional<Rule> parse_exact(const QueryToken& sign) {
    const auto& token = peek();
    if (token.kind != Kind::text && token.kind != Kind::word)
      return fail(sign, "= needs a word or a \"phrase\" behind it, as in =Apple");
    take();
    if (token.kind == Kind::word) {
      if (is_operator(token.text)) return fail_operator(token);
      if (!check_signs(token)) return std::nullopt;
      if (token.text.ends_with('*'))
        return fail(token, fmt::format("= and * exclude each other; write ={0} or {0}*",
                                       shown_in_message(without_star(token.text))));
    }
    return make_phrase(token, true);
  }

  std::optional<Rule> parse_at_least(const QueryToken& name) {
    constexpr std::string_view example = "write ATLEAST(2, a, b, c): a number, then what to choose from";
    const Depth depth(depth_);
    if (depth_ > max_query_depth) return fail_too_deep();
    if (peek().kind != Kind::open) return fail(name, std::string(example));
    const auto& open = take();
    const auto& number = take();
    const auto count = number.kind == Kind::word ? parse_whole_number(number.text) : std::nullopt;
    if (!count || *count == 0 || peek().kind != Kind::comma) return fail(number, std::string(example));
    std::vector<Rule> rules;
    while (peek().kind == Kind::comma) {
      take();
      auto rule = parse_or();
      if (!rule) return std::nullopt;
      rules.push_back(std::move(*rule));
    }
    if (peek().kind != Kind::close) return fail(open, "this ( is never closed; add a )");
    take();
    if (*count > rules.size())
      return fail(number, fmt::format("{} of {} can never be; lower the number or add to the list", *count,
                                      rules.size()));
    return at_least(*count, std::move(rules));
  }

  std::optional<Rule> parse_field(const QueryToken& name) {
    const auto* known = std::ranges::find(field_names, name.text);
    if (known == field_names.end()) return fail_with(unknown_field_error(name, field_names));
    if (name.text == "urgency" || name.text == "published")
      return fail(name, fmt::format("write {0} with = < > <= or >=, as in {1}", name.text,
                                    name.text == "urgency" ? "urgency<=2" : "published>=2023-01-01"));
    if (scope_ == Scope::title)
      return fail(name, name.text == "title"
                            ? "this is within title: already; write only the word"
                            : fmt::format("title: is about words; write {}: outside it", name.text));
    if (name.text == "title") return parse_in_title(name);

    const auto& value = peek();
    if (value.kind == Kind::open)
      return fail(value, fmt::format("a field has one value; write ({0}:a OR {0}:b)", name.text));
    if (value.kind == Kind::compare)
      return fail(value, fmt::format("a field is compared as a whole and knows no {0}; write {1}:\"…\"",
                                     value.text, name.text));
    if (value.kind != Kind::text && value.kind != Kind::word)
      return fail(name, fmt::format("{0}: needs a value behind it, as in {0}:\"East Asia\"", name.text));
    take();
    if (value.kind == Kind::word && is_operator(value.text)) return fail_operator(value);
    if (value.kind == Kind::word && !check_signs(value)) return std::nullopt;
    if (name.text == "rule") return find_topic(value);
    if (value.kind == Kind::word && value.text.ends_with('*'))
      return fail(value, fmt::format("{}: compares the whole value and knows no *; write it out", name.text));
    auto folded = fold_value(value.text);
    if (folded.empty()) return fail(value, "this value has neither letters nor digits; write one that has");
    const auto field = static_cast<ValueField>(known - field_names.begin() - 1);
    return Rule({clause::ValueIs{field, std::string(value.text), std::move(folded)}});
  }

  std::optional<Rule> find_topic(const QueryToken& name) {
    ++references_;
    if (!options_.find_topic)
      return fail(name, "rule: names a topic of the configuration, and there is none here; write it out");
    auto rule = options_.find_topic(name.text);
    if (rule) return std::move(*rule);
    auto error = rule.error();
    error.at = name.at;
    return fail_with(std::move(error));
  }

  std::optional<Rule> parse_in_title(const QueryToken& name) {
    const auto& next = peek();
    const bool is_words = next.kind == Kind::text || next.kind == Kind::open || next.kind == Kind::field ||
                          (next.kind == Kind::word && next.text != "ATLEAST") ||
                          (next.kind == Kind::compare && next.text == "=");
    if (!is_words)
      return fail(name, "title: needs a word, a \"phrase\" or (several) behind it, as in title:summit");
    scope_ = Scope::title;
    auto rule = parse_primary();
    scope_ = Scope::story;
    return rule;
  }

  std::optional<Rule> parse_comparison(const QueryToken& name) {
    const auto& sign = take();
    const auto& value = take();
    auto made = make_comparison(name, sign, value);
    if (auto* error = std::get_if<QueryError>(&made)) return fail_with(std::move(*error));
    if (scope_ == Scope::title)
      return fail(name, fmt::format("title: is about words; write {} outside it", name.text));
    return Rule({std::get<clause::Between>(made)});
  }

  std::optional<Rule> make_phrase(const QueryToken& token, bool exact) {
    if (token.kind == Kind::text) {
      if (const auto star = token.text.find('*'); star != std::string_view::npos)
        return fail_at(token.at + 1 + star, "* does not work within quotes; write prefix* without them");
    }
    auto words = analyze_words(token.text);
    if (words.empty()) return fail(token, "this has neither letters nor digits; write a word");
    if (words.size() > max_phrase_words)
      return fail(token, fmt::format("a phrase has at most {} words; shorten it", max_phrase_words));
    return Rule(
        {clause::Phrase{std::string(token.text), std::move(words), scope_, exact || !options_.stemming}});
  }

  std::optional<Rule> make_prefix(const QueryToken& token) {
    const auto text = without_star(token.text);
    auto words = analyze_words(text);
    if (words.size() > 1)
      return fail(token, fmt::format("a prefix is one word, but {0} is {1}; write \"{0}\" without *",
                                     shown_in_message(text), words.size()));
    const auto letters = words.empty() ? 0 : count_characters(words.front().exact);
    if (letters < 2)
      return fail(token, "a prefix needs at least two letters before *; write more of the word");
    return Rule({clause::Prefix{std::string(text), std::move(words.front().exact), scope_}});
  }

  Rule tell(std::size_t begin, Rule rule) const {
    if (options_.on_part) options_.on_part(rule, begin);
    return rule;
  }

  static std::string_view without_star(std::string_view word) { return word.substr(0, word.size() - 1); }

  bool check_signs(const QueryToken& token) {
    auto error = find_foreign_sign(token);
    return !error || refuse(error->at, std::move(error->message));
  }

  // After a condition comes an operator, or the end of the query, group or list.
  bool check_what_follows(std::size_t begin) {
    const auto& token = peek();
    if (token.kind == Kind::end || token.kind == Kind::close || token.kind == Kind::comma) return true;
    if (token.kind == Kind::compare) {
      return refuse(token.at,
                    fmt::format("only urgency and published can be compared; remove {}", token.text));
    }
    if (token.kind == Kind::word) {
      if (token.text == "AND" || token.text == "OR" || token.text == "NOT") return true;
      if (!misspelt_operator(token.text).empty()) {
        fail_misspelt(token);
        return false;
      }
      if (token.text == "*") return refuse(token.at, "* belongs directly behind a word, as in sanction*");
      if (!check_signs(token)) return false;
    }
    return refuse(token.at,
                  "two conditions stand side by side; write " + suggest_joining(tokens_, begin, next_));
  }

  std::optional<Rule> fail_misspelt(const QueryToken& token) {
    return fail_with(misspelt_error(tokens_, static_cast<std::size_t>(&token - tokens_.data())));
  }

  std::optional<Rule> fail_operator(const QueryToken& token) {
    return fail(token, fmt::format("{0} is an operator; write \"{0}\" in quotes for the word", token.text));
  }

  std::optional<Rule> fail_missing(const QueryToken& token) {
    const auto at = static_cast<std::size_t>(&token - tokens_.data());
    if (at > 0 && tokens_[at - 1].kind == Kind::word)
      return fail(tokens_[at - 1], fmt::format("{} needs something behind it; write a word or remove it",
                                               shown_in_message(tokens_[at - 1].text)));
    if (token.kind == Kind::comma)
      return fail_at(token.at, "nothing stands before this comma; write a word or remove it");
    if (token.kind == Kind::close)
      return fail_at(token.at, "nothing stands before this ); write a word or remove it");
    return fail_at(token.at, "the query ends where a word should follow; write one");
  }

  std::optional<Rule> fail_at_comma() {
    return fail(
        peek(),
        "a comma is understood within ATLEAST(…) only; write AND or OR, or quotes around a text with commas");
  }

  std::optional<Rule> fail_too_deep() {
    return fail(
        tokens_[next_ > 0 ? next_ - 1 : 0],
        fmt::format("more than {} levels within each other; make the query flatter", max_query_depth));
  }

  std::optional<Rule> fail(const QueryToken& token, std::string message) {
    return fail_at(token.at, std::move(message));
  }

  std::optional<Rule> fail_at(std::size_t at, std::string message) {
    error_ = {at, std::move(message)};
    return std::nullopt;
  }

  std::optional<Rule> fail_with(QueryError error) {
    error_ = std::move(error);
    return std::nullopt;
  }

  bool refuse(std::size_t at, std::string message) {
    error_ = {at, std::move(message)};
    return false;
  }

  // The last token is the end, which is never passed.
  const QueryToken& peek() const { return tokens_[next_]; }
  const QueryToken& take() { return tokens_[next_ + 1 < tokens_.size() ? next_++ : next_]; }
  bool is_word(std::string_view word) const { return peek().kind == Kind::word && peek().text == word; }
  bool take_word(std::string_view word) {
    if (!is_word(word)) return false;
    take();
    return true;
  }

  std::vector<QueryToken> tokens_;
  const QueryOptions& options_;
  std::size_t next_ = 0;
  std::size_t clauses_ = 0;
  std::size_t references_ = 0;  // rule:NAME read so far
  int depth_ = 0;
  Scope scope_ = Scope::story;
  QueryError error_;
};

}  // namespace

Result<Rule, QueryError> read_query(std::string_view query, const QueryOptions& options) {
  if (query.size() > max_query_bytes)
    return QueryError{
        0, fmt::format("the query has {} bytes, more than {}; split it", query.size(), max_query_bytes)};
  if (const auto at = find_broken_utf8(query); at != std::string_view::npos)
    return QueryError{at, "this is not UTF-8 text; type the word again"};
  auto tokens = lex_query(query);
  if (auto* error = std::get_if<QueryError>(&tokens)) return std::move(*error);
  Parser parser(std::move(std::get<std::vector<QueryToken>>(tokens)), options);
  if (auto rule = parser.parse()) return std::move(*rule);
  return parser.take_error();
}

}  // namespace crier
