#include "dispatch/intake.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "audience/suppression.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "dispatch/planner.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/outbox.hpp"
#include "outbox/settlements.hpp"
#include "text/analyzer.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

// A later version goes only to those to whom no earlier version went in the same way.
void suppress_repeats(Decisions& decisions, const SubscriberBook& book, Sqlite& db,
                      const std::string& story_id) {
  std::map<std::pair<std::string_view, ChannelKind>, std::vector<std::uint32_t>> owed;
  for (auto& decision : decisions.list) {
    const auto [known, is_new] = owed.try_emplace({decision.edition, decision.channel});
    if (is_new)
      known->second = decision.edition.empty()
                          ? already_owed(db, story_id, decision.channel)
                          : already_carried(db, story_id, decision.edition, decision.channel);
    const bool has_it = std::ranges::binary_search(known->second, book.number_of(decision.subscriber));
    if (has_it && decision.suppressed.empty()) decision.suppressed = had_earlier_version;
  }
}

// When a decision is carried out, for the log: "now", "2026-11-24T06:00:00Z (quiet hours)".
std::string when_due(const Newsroom& newsroom, const Story& story, const Decision& decision, Time now) {
  if (decision.edition.empty())
    return decision.due_at <= now
               ? "now"
               : fmt::format("{} ({})", to_rfc3339(decision.due_at), why_it_waits(story, now));
  const auto* edition = newsroom.find_edition(decision.edition);
  const auto next = edition == nullptr ? std::vector<Occurrence>()
                                       : next_occurrences(edition->recurrence, decision.due_at, 1);
  return next.empty() ? "never" : to_rfc3339(next.front().at);
}

// One line per reader while they are few, so that a person can follow; counts are always there.
void log_decisions(const Newsroom& newsroom, const Story& story, const Decisions& decisions, Time now) {
  constexpr std::size_t few = 50;
  const auto shown = std::min(decisions.list.size(), few);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& decision = decisions.list[i];
    const auto& subscriber = newsroom.book->subscribers()[decision.subscriber];
    if (!decision.suppressed.empty()) {
      log::info("story.suppressed", {{"story", story.id},
                                     {"subscriber", subscriber.id},
                                     {"channel", to_string(decision.channel)},
                                     {"reason", decision.suppressed}});
    } else {
      log::info("story.owed", {{"story", story.id},
                               {"subscriber", subscriber.id},
                               {"channel", to_string(decision.channel)},
                               {"deliver", decision.edition.empty() ? "alert" : decision.edition},
                               {"when", when_due(newsroom, story, decision, now)},
                               {"why", decisions.reasons[decision.reason]}});
    }
  }
  if (decisions.list.size() > few)
    log::info("story.owed", {{"story", story.id}, {"more", decisions.list.size() - few}});
}

constexpr std::string_view superseded = "superseded by a later version";

// Rules that are put under rarer terms, if there are any, after each story.
constexpr std::size_t rules_looked_over = 100;

struct Planned {
  std::optional<AnalyzedStory> analysed;  // when its audience was looked for
  Decisions decisions;
  StoryPlan plan;
  std::string_view stopped;  // why nothing more of earlier versions leaves; empty = it does
};

// Whether a version comes with another embargo than the one under which the earlier one is queued.
bool moves_embargo(Sqlite& db, const Story& story, Time now) {
  const auto before = load_story(db, story.id);
  if (!before) return story.embargo > now;
  return story.embargo != before->embargo && std::max(story.embargo, before->embargo) > now;
}

// Why nothing more of the earlier versions leaves; empty when it does.
std::string_view reason_to_stop(Sqlite& db, const Story& story, bool is_known, Time now) {
  if (story.status != StoryStatus::usable) return to_string(story.status);
  // Everybody who has not got it yet is owed this version, at its own time.
  return is_known && moves_embargo(db, story, now) ? superseded : std::string_view{};
}

// Writes a story and all that follows from it. False when another version came in since `known` was read:
// nothing is written then.
bool store(Sqlite& db, const Newsroom& newsroom, const Story& story, const std::optional<KnownStory>& known,
           Planned& planned, Time now) {
  const auto latest = find_known(db, story.id);
  if (latest.has_value() != known.has_value() || (latest && latest->version != known->version)) return false;
  planned.stopped = reason_to_stop(db, story, known.has_value(), now);
  if (!planned.stopped.empty()) stop_story(db, story.id, planned.stopped, now);
  suppress_repeats(planned.decisions, *newsroom.book, db, story.id);
  drop_pending_items(db, story.id, superseded);
  planned.plan = plan_story(newsroom, story, planned.decisions, now);
  store_story(db, story, planned.plan.matched, now);
  for (const auto& batch : planned.plan.batches) add_batch(db, batch, now);
  for (const auto& item : planned.plan.items) add_digest_item(db, item);
  return true;
}

// A story as it was last seen, but canceled. One that crier can no longer read can be canceled, too.
std::optional<Story> canceled_version(Sqlite& db, const std::string& id) {
  if (!find_known(db, id)) return std::nullopt;
  auto logged = load_story(db, id);
  Story story;
  if (logged) story = *std::move(logged);
  story.id = id;
  story.version = 0;
  story.status = StoryStatus::canceled;
  return story;
}

void learn_from(const AnalyzedStory& story, const SubscriberBook& book) {
  const auto& index = book.registry()->index();
  index.learn(story);
  index.reanchor(rules_looked_over);
}

std::string_view metric_result(Novelty novelty) {
  if (novelty == Novelty::fresh) return "created";
  return novelty == Novelty::update ? "updated" : "unchanged";
}

}  // namespace

// Leaves in `analysed` what the matching made of the story.
asio::awaitable<Decisions> Intake::find_audience(std::shared_ptr<const Newsroom> newsroom, const Story& story,
                                                 AnalyzedStory& analysed) {
  const auto now = parts_.clock.now();
  auto decisions = co_await parts_.workers.run([&] {
    analysed = analyze(story, newsroom->site.language);
    return decide(*newsroom, story, analysed, newsroom->book->match(analysed), now);
  });
  apply_suppressions(decisions, *newsroom->book, parts_.suppressions);
  co_return decisions;
}

asio::awaitable<std::optional<Accepted>> Intake::cancel(std::string id) {
  auto story = co_await parts_.database.run([&](Sqlite& db) { return canceled_version(db, id); });
  if (!story) co_return std::nullopt;
  co_return co_await accept(*std::move(story));
}

asio::awaitable<Accepted> Intake::accept(Story story, bool deliver) {
  const auto declared_version = story.version;
  for (;;) {
    // Most stories that come again have not changed: they cost one look-up and no matching.
    const auto known = co_await parts_.database.run([&](Sqlite& db) { return find_known(db, story.id); });
    story.version = declared_version;
    const auto verdict = judge(story, known);
    const bool is_news = verdict.novelty == Novelty::fresh || (verdict.novelty == Novelty::update && deliver);
    if (!is_news) {
      log::info("story.unchanged",
                {{"story", story.id}, {"version", verdict.version}, {"is", to_string(verdict.novelty)}});
      parts_.metrics.story_seen(story.source, metric_result(verdict.novelty));
      co_return Accepted{story.id, verdict.version, verdict.novelty, 0};
    }
    story.version = verdict.version;
    const auto newsroom = parts_.newsroom();
    Planned planned;
    if (deliver && story.status == StoryStatus::usable)
      planned.decisions = co_await find_audience(newsroom, story, planned.analysed.emplace());
    const auto now = parts_.clock.now();
    const bool stored = co_await parts_.database.run(
        [&](Sqlite& db) { return store(db, *newsroom, story, known, planned, now); });
    if (!stored) continue;  // another version of it came in meanwhile: judge again
    log::info("story.noticed", {{"story", story.id},
                                {"version", story.version},
                                {"is", to_string(verdict.novelty)},
                                {"status", to_string(story.status)},
                                {"source", story.source},
                                {"title", story.title},
                                {"matched", planned.plan.matched}});
    log_decisions(*newsroom, story, planned.decisions, now);
    parts_.metrics.story_seen(story.source, metric_result(verdict.novelty));
    parts_.on_seen(story);
    if (!planned.stopped.empty()) {
      const bool is_usable = story.status == StoryStatus::usable;
      parts_.on_stopped(story.id, is_usable ? known->version : story.version, planned.stopped);
    }
    if (planned.plan.matched > 0) parts_.on_owed();
    // No reader waits for it.
    if (planned.analysed)
      co_await parts_.workers.run([&] { learn_from(*planned.analysed, *newsroom->book); });
    co_return Accepted{story.id, story.version, verdict.novelty, planned.plan.matched};
  }
}

}  // namespace crier
