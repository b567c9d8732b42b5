#include "app/rule_costs.hpp"

#include <exception>

#include <fmt/core.h>

#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "story/past_stories.hpp"
#include "text/analyzer.hpp"

namespace crier {

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
  std::vector<Diagnostic> out;
  if (index.learned() < enough_stories) return out;
  for (RulePosition rule = 0; rule < book.rules().size() && out.size() < most; ++rule) {
    const auto cost = index.cost(book.rules()[rule].hold.id());
    if (cost.likeliest_term < nearly_every_story && cost.postings < absurd_postings) continue;
    const auto& [file, line, column] = config.rule_places[rule];
    auto message =
        cost.likeliest_term >= nearly_every_story
            ? fmt::format(
                  "nearly every story has what this rule asks for ({:.0f} % of the latest): narrow it",
                  cost.likeliest_term * 100)
            : fmt::format(
                  "an average story is compared with this rule {:.0f} times: it asks for many words "
                  "that are frequent; narrow it with all:, or leave some out",
                  cost.postings);
    out.push_back({{config.files[file], line, column}, std::move(message), {}, {}});
  }
  return out;
}

}  // namespace crier
