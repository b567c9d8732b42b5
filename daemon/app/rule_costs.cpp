#include "app/rule_costs.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <variant>

#include <fmt/core.h>

#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "story/past_stories.hpp"
#include "text/analyzer.hpp"
#include "text/common_words.hpp"

namespace crier {
namespace {

// Whether a story needs nothing but common words for a rule to be true; the first of them is kept. What a
// rule excludes does not make it ask for more.
class CommonWordsOnly {
 public:
  explicit CommonWordsOnly(std::string_view language) : language_(language) {}

  bool operator()(const Rule& rule) {
    return std::visit([this](const auto& clause) { return (*this)(clause); }, rule.node().clause);
  }
  bool operator()(const clause::Phrase& phrase) {
    if (phrase.words.size() != 1 || !is_common_word(language_, phrase.words.front().exact)) return false;
    if (example_.empty()) example_ = phrase.text;
    return true;
  }
  bool operator()(const clause::All& all) {
    return std::ranges::all_of(all.rules, [this](const Rule& rule) {
      return std::holds_alternative<clause::Not>(rule.node().clause) || (*this)(rule);
    });
  }
  bool operator()(const clause::Any& any) { return std::ranges::any_of(any.rules, std::ref(*this)); }
  bool operator()(const clause::AtLeast& some) {
    return std::ranges::count_if(some.rules, std::ref(*this)) >= some.count;
  }
  bool operator()(const auto&) { return false; }

  const std::string& example() const { return example_; }

 private:
  std::string_view language_;
  std::string example_;
};

}  // namespace

std::string complain_of_common_words(const Rule& rule, std::string_view language) {
  CommonWordsOnly common(language);
  if (!common(rule) || common.example().empty()) return {};
  return fmt::format(
      "nearly every text has the words that are enough for this rule, like \"{}\": add one that says what it "
      "is "
      "about",
      common.example());
}

std::size_t learn_words(Sqlite& db, const Newsroom& newsroom, Time now) {
  constexpr std::size_t enough = 500;
  const auto& index = newsroom.book->registry()->index();
  PastStories past(db, now - std::chrono::days(7), now);
  std::size_t learned = 0;
  for (auto some = past.next(); !some.empty() && learned < enough; some = past.next()) {
    for (const auto& [seen_at, story] : some) {
      if (!story) continue;
      index.learn(analyze(*story, newsroom.site.language));
      ++learned;
    }
  }
  if (learned > 0) index.reanchor(index.size());
  return learned;
}

void learn_words(const Config& config) {
  try {
    if (const auto db = open_database(config)) learn_words(*db, config.newsroom, SystemClock().now());
  } catch (const std::exception&) {
    // It is another crier's, or broken: the daemon will say so. What is to be checked here is the
    // configuration.
  }
}

std::vector<Diagnostic> find_costly_rules(const Config& config) {
  constexpr double enough_stories = 20;
  constexpr double nearly_every_story = 0.95;
  constexpr double absurd_postings = 20;
  constexpr std::size_t most = 20;
  const auto& book = *config.newsroom.book;
  const auto& index = book.registry()->index();
  std::vector<Diagnostic> out(config.rule_warnings.begin(),
                              config.rule_warnings.begin() +
                                  static_cast<std::ptrdiff_t>(std::min(most, config.rule_warnings.size())));
  if (index.learned() < enough_stories) return out;
  for (RulePosition rule = 0; rule < book.rules().size() && out.size() < most; ++rule) {
    const auto cost = index.cost(book.rules()[rule].hold.id());
    if (cost.likeliest_term < nearly_every_story && cost.postings < absurd_postings) continue;
    const auto& [file, line, column] = config.rule_places[rule];
    const Place place{config.files[file], line, column};
    if (std::ranges::find(config.rule_warnings, place, &Diagnostic::place) != config.rule_warnings.end())
      continue;
    auto message =
        cost.likeliest_term >= nearly_every_story
            ? fmt::format(
                  "nearly every story has what this rule asks for ({:.0f} % of the latest): narrow it",
                  cost.likeliest_term * 100)
            : fmt::format(
                  "an average story is compared with this rule {:.0f} times: it asks for many words "
                  "that are frequent; narrow it with all:, or leave some out",
                  cost.postings);
    out.push_back({place, std::move(message), {}, {}});
  }
  return out;
}

}  // namespace crier
