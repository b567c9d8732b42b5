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
#include "story/story_groups.hpp"
#include "story/url_identity.hpp"
#include "text/analyzer.hpp"
#include "text/text_print.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

// Nothing goes to those to whom this story, of any version, went in the same way, or is owed.
void suppress_repeats(Decisions& decisions, const SubscriberBook& book, Sqlite& db,
                      const std::string& story_id, std::string_view reason) {
  std::map<std::pair<std::string_view, ChannelKind>, std::vector<std::uint32_t>> owed;
  for (auto& decision : decisions.list) {
    const auto [known, is_new] = owed.try_emplace({decision.edition, decision.channel});
    if (is_new)
      known->second = decision.edition.empty()
                          ? already_owed(db, story_id, decision.channel)
                          : owed_in_edition(db, story_id, decision.edition, decision.channel);
    const bool has_it = std::ranges::binary_search(known->second, book.number_of(decision.subscriber));
    if (has_it && decision.suppressed.empty()) decision.suppressed = reason;
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
constexpr std::string_view reported_before = "reported before";

// Rules that are put under rarer terms, if there are any, after each story.
constexpr std::size_t rules_looked_over = 100;

}  // namespace

struct Intake::Planned {
  TextPrint print;                        // of a story that is not known
  std::optional<AnalyzedStory> analysed;  // when its audience was looked for
  Decisions decisions;
  StoryPlan plan;
  std::string_view stopped;                // why nothing more of earlier versions leaves; empty = it does
  std::optional<Repeated> repeated;        // the story of another source that it repeats
  std::optional<std::string> former_id{};  // under which it is known; nothing was written but that
};

namespace {

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

// What a story that is new has to do with those that are known: it may be one of them.
void compare(Sqlite& db, const Newsroom& newsroom, const Story& story, Intake::Planned& planned, Time now) {
  const PrintedStory printed{story.id, story.source, canonical_url(story.url).value_or(""), planned.print,
                             story.published};
  planned.former_id = find_renamed(db, printed);
  if (planned.former_id) return store_renaming(db, story.id, *planned.former_id);
  store_print(db, printed, now);
  if (!newsroom.repeats_within || planned.decisions.list.empty()) return;
  planned.repeated = find_repeated(db, printed, now - *newsroom.repeats_within, now);
  if (planned.repeated) join_group(db, story.id, planned.repeated->id, now);
}

// Writes a story and all that follows from it. False when another version came in since `known` was read, or
// it is known under another id: it is to be judged again then.
bool store(Sqlite& db, const Newsroom& newsroom, const Story& story, const std::optional<KnownStory>& known,
           Intake::Planned& planned, bool leaves_group, Time now) {
  const auto latest = find_known(db, story.id);
  if (latest.has_value() != known.has_value() || (latest && latest->version != known->version)) return false;
  if (!known) compare(db, newsroom, story, planned, now);
  if (planned.former_id) return false;
  if (leaves_group) leave_group(db, story.id);
  planned.stopped = reason_to_stop(db, story, known.has_value(), now);
  if (!planned.stopped.empty()) stop_story(db, story.id, planned.stopped, now);
  drop_pending_items(db, story.id, superseded);
  suppress_repeats(planned.decisions, *newsroom.book, db, story.id, had_earlier_version);
  for (const auto& other : others_in_group(db, story.id))
    suppress_repeats(planned.decisions, *newsroom.book, db, other.id, reported_before);
  planned.plan = plan_story(newsroom, story, planned.decisions, now);
  store_story(db, story, planned.plan.matched, now);
  for (const auto& batch : planned.plan.batches) add_batch(db, batch, now);
  for (const auto& item : planned.plan.items) add_digest_item(db, item);
  return true;
}

// Each as it was last seen, but canceled. One that crier can no longer read can be canceled, too.
std::vector<Story> canceled_versions(Sqlite& db, std::string_view meant) {
  std::vector<Story> stories;
  for (const auto& id : ids_meant(db, meant)) {
    auto logged = load_story(db, id);
    auto& story = stories.emplace_back(logged ? *std::move(logged) : Story());
    story.id = id;
    story.version = 0;
    story.status = StoryStatus::canceled;
  }
  return stories;
}

// What the newsroom stops: the story that has its id, or the stories of all feeds that give them this id.
std::vector<Story> stopped_versions(Sqlite& db, const Story& story) {
  std::vector<Story> stories;
  for (auto& id : ids_meant(db, story.id)) {
    auto& version = stories.emplace_back(story);
    if (id != story.id) version.version = 0;  // their sources count for themselves
    version.id = std::move(id);
  }
  if (stories.empty()) stories.push_back(story);
  return stories;
}

// A story that was taken for a repeat, to be sent for itself; nullopt when it is in no group, or its text is
// no longer kept.
std::optional<Story> split_version(Sqlite& db, std::string_view meant) {
  const auto ids = ids_meant(db, meant);
  if (ids.size() != 1 || !is_in_group(db, ids.front())) return std::nullopt;
  auto story = load_story(db, ids.front());
  if (!story || story->status != StoryStatus::usable) return std::nullopt;
  story->version = 0;
  return *std::move(story);
}

void log_stored(const Newsroom& newsroom, const Story& story, Novelty novelty, const Intake::Planned& planned,
                Time now) {
  log::info("story.noticed", {{"story", story.id},
                              {"version", story.version},
                              {"is", to_string(novelty)},
                              {"status", to_string(story.status)},
                              {"source", story.source},
                              {"title", story.title},
                              {"matched", planned.plan.matched}});
  if (planned.repeated)
    log::info("story.repeats", {{"story", story.id},
                                {"of", planned.repeated->id},
                                {"bits", planned.repeated->distance},
                                {"next", "who had that one is spared this one"}});
  log_decisions(newsroom, story, planned.decisions, now);
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

// Leaves in `planned` what the matching made of the story.
asio::awaitable<void> Intake::find_audience(std::shared_ptr<const Newsroom> newsroom, const Story& story,
                                            Planned& planned) {
  const auto now = parts_.clock.now();
  co_await parts_.workers.run([&] {
    auto& analysed = planned.analysed.emplace(analyze(story, newsroom->site.language));
    planned.decisions = decide(*newsroom, story, analysed, newsroom->book->match(analysed), now);
  });
  apply_suppressions(planned.decisions, *newsroom->book, parts_.suppressions);
}

asio::awaitable<void> Intake::drop_known(std::vector<Story>& stories, Authority authority) {
  constexpr std::size_t at_once = 200;  // what is sent must not wait long for the database
  std::vector<Novelty> novelties(stories.size());
  for (std::size_t first = 0; first < stories.size(); first += at_once) {
    const auto end = std::min(first + at_once, stories.size());
    co_await parts_.database.run([&](Sqlite& db) {
      for (auto i = first; i < end; ++i) {
        novelties[i] = novelty_of(db, stories[i], authority);
      }
    });
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < stories.size(); ++i) {
    if (novelties[i] != Novelty::fresh && novelties[i] != Novelty::update) {
      parts_.metrics.story_seen(stories[i].source, metric_result(novelties[i]));
      continue;
    }
    if (kept != i) stories[kept] = std::move(stories[i]);
    ++kept;
  }
  stories.resize(kept);
}

asio::awaitable<std::optional<Accepted>> Intake::cancel(std::string id) {
  auto stories = co_await parts_.database.run([&](Sqlite& db) { return canceled_versions(db, id); });
  if (stories.empty()) co_return std::nullopt;
  co_return co_await take_all(std::move(stories), Handling::send);
}

asio::awaitable<std::optional<Accepted>> Intake::split(std::string id) {
  auto story = co_await parts_.database.run([&](Sqlite& db) { return split_version(db, id); });
  if (!story) co_return std::nullopt;
  co_return co_await take(*std::move(story), Handling::split);
}

asio::awaitable<Accepted> Intake::accept(Story story, bool deliver, Authority authority) {
  const auto handling = deliver ? Handling::send : Handling::note;
  if (story.status == StoryStatus::usable || authority == Authority::own_stories)
    co_return co_await take(std::move(story), handling, authority);
  co_return co_await take_all(
      co_await parts_.database.run([&](Sqlite& db) { return stopped_versions(db, story); }), handling);
}

// At least one. Returns what became of the last.
asio::awaitable<Accepted> Intake::take_all(std::vector<Story> stories, Handling handling) {
  Accepted accepted;
  for (auto& story : stories) accepted = co_await take(std::move(story), handling);
  co_return accepted;
}

asio::awaitable<Accepted> Intake::take(Story story, Handling handling, Authority authority) {
  const bool deliver = handling != Handling::note;
  const auto declared_id = story.id;
  auto declared_version = story.version;
  bool has_new_id = false;  // that of a story which is known, and this is the first time
  for (;;) {
    // Most stories that come again have not changed: they cost one look-up and no matching.
    story.id = declared_id;
    const auto [id, is_renamed, known] =
        co_await parts_.database.run([&](Sqlite& db) { return recognise(db, story, authority); });
    if (is_renamed) declared_version = 0;  // whoever renamed it counts anew
    story.id = id;
    story.version = declared_version;
    auto verdict = judge(story, known);
    if (handling == Handling::split && verdict.novelty == Novelty::unchanged)
      verdict = {Novelty::update, verdict.version + 1};
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
    if (!known) planned.print = co_await parts_.workers.run([&] { return print_text(story); });
    // What was noted as backlog stays that when a site moves and renames it all.
    const bool is_backlog = has_new_id && known && !known->was_owed;
    if (deliver && !is_backlog && story.status == StoryStatus::usable)
      co_await find_audience(newsroom, story, planned);
    const auto now = parts_.clock.now();
    const bool stored = co_await parts_.database.run([&](Sqlite& db) {
      return store(db, *newsroom, story, known, planned, handling == Handling::split, now);
    });
    has_new_id = has_new_id || planned.former_id;
    if (planned.former_id) log::info("story.renamed", {{"story", story.id}, {"is", *planned.former_id}});
    if (!stored) continue;
    log_stored(*newsroom, story, verdict.novelty, planned, now);
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
