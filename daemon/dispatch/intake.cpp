#include "dispatch/intake.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include "audience/suppression.hpp"
#include "base/finally.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "dispatch/story_entry.hpp"
#include "story/story_groups.hpp"
#include "text/analyzer.hpp"
#include "text/text_print.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

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
    const auto subscriber = newsroom.book->subscribers()[decision.subscriber];
    if (!decision.suppressed.empty()) {
      log::info("story.suppressed", {{"story", story.id},
                                     {"subscriber", subscriber.id()},
                                     {"channel", to_string(decision.channel)},
                                     {"reason", decision.suppressed}});
    } else {
      log::info("story.owed", {{"story", story.id},
                               {"subscriber", subscriber.id()},
                               {"channel", to_string(decision.channel)},
                               {"deliver", decision.edition.empty() ? "alert" : decision.edition},
                               {"when", when_due(newsroom, story, decision, now)},
                               {"why", decisions.reasons[decision.reason]}});
    }
  }
  if (decisions.list.size() > few)
    log::info("story.owed", {{"story", story.id}, {"more", decisions.list.size() - few}});
}

constexpr std::string_view no_room =
    "the disk is nearly full: no stories are taken; what is owed is still sent";

// Of an audience larger than this the first go ahead, so many; then four times as many each time, and at last
// so many at a time, since the loop and what is sent have to wait for each, and a decision takes 80 bytes.
// Followers of one rule.
constexpr std::size_t first_readers = chunk_capacity / 16;
constexpr std::size_t most_readers = 4 * chunk_capacity;

// Rules that are put under rarer terms, if there are any, after each story.
constexpr std::size_t rules_looked_over = 100;

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

void log_stored(const Newsroom& newsroom, const Story& story, Novelty novelty, const StoryEntry& entry,
                Time now) {
  log::info("story.noticed", {{"story", story.id},
                              {"version", story.version},
                              {"is", to_string(novelty)},
                              {"status", to_string(story.status)},
                              {"source", story.source},
                              {"title", story.title},
                              {"matched", entry.matched}});
  if (entry.known && entry.is_noted)
    log::info("story.noted", {{"story", story.id}, {"why", "it was backlog when it was first seen"}});
  if (entry.repeated)
    log::info("story.repeats", {{"story", story.id},
                                {"of", entry.repeated->id},
                                {"bits", entry.repeated->distance},
                                {"next", "who had that one is spared this one"}});
  if (entry.released > 0)
    log::info(
        "story.replaced",
        {{"story", story.id}, {"deliveries", entry.released}, {"next", "they get another source's report"}});
  log_decisions(newsroom, story, entry.decisions, now);
}

// Leaves in `entry` what the matching made of the story, and what was decided on the first readers.
void find_audience(const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now) {
  const auto& analysed = entry.analysed.emplace(analyze(story, newsroom.site.language));
  entry.decider.emplace(newsroom, story, analysed, newsroom.book->match(analysed), now);
  entry.decisions = entry.decider->next(first_readers);
}

void learn_from(const AnalyzedStory& story, const SubscriberBook& book) {
  const auto& index = book.registry()->index();
  index.learn(story);
  index.reanchor(rules_looked_over);
}

// Whether a version is news wherever it stands among what is old: it stops a story, or brings one back.
bool changes_status(const Story& story, const std::optional<KnownStory>& known) {
  return story.status != StoryStatus::usable || (known && known->status != StoryStatus::usable);
}

// Backlog is what people may have read already: not what is withheld, or under embargo. It stays that however
// it changes.
bool is_backlog(const Story& story, const std::optional<KnownStory>& known, bool deliver, Time now) {
  if (known) return known->is_noted;
  return !deliver && story.status == StoryStatus::usable && !(story.embargo > now);
}

std::string_view metric_result(Novelty novelty) {
  if (novelty == Novelty::fresh) return "created";
  return novelty == Novelty::update ? "updated" : "unchanged";
}

}  // namespace

// The first readers are owed the story already, as if it were `at`. Returns how many more deliveries that
// are. Throws SqliteError where the story was just taken.
asio::awaitable<std::int64_t> Intake::owe_the_others(std::shared_ptr<const Newsroom> newsroom,
                                                     const Story& story, StoryEntry& entry, Time at) {
  std::int64_t matched = 0;
  for (auto next = first_readers * 4; !is_last(entry); next = std::min(next * 4, most_readers)) {
    entry.decisions = {};  // before there are as many more
    co_await parts_.workers.run([&] { entry.decisions = entry.decider->next(next); });
    apply_suppressions(entry.decisions, *newsroom->book, parts_.suppressions);
    co_await plan_many(*newsroom, story, entry, at);
    const auto enter = [&](Sqlite& db) { return enter_more(db, *newsroom, story, entry, at); };
    bool is_entered = false;
    if (entry.resumes)
      is_entered = co_await write(enter);
    else
      is_entered = co_await parts_.database.run(enter);
    if (!is_entered) break;
    matched += entry.matched;
    if (entry.matched > 0) parts_.on_owed();
  }
  co_return matched;
}

// Those who cannot be written down are left to finish(): the source may have a stop for this very story. They
// are found anew then.
asio::awaitable<std::int64_t> Intake::owe_or_leave(std::shared_ptr<const Newsroom> newsroom,
                                                   const Story& story, StoryEntry& entry, Time at) {
  const auto first = entry.matched;
  std::string failure;
  try {
    const auto more = co_await owe_the_others(newsroom, story, entry, at);
    log::info("story.planned", {{"story", story.id}, {"version", story.version}, {"matched", first + more}});
    co_return more;
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  log::error("story.unfinished", {{"story", story.id},
                                  {"version", story.version},
                                  {"what", failure},
                                  {"next", "the others are owed it when they can be written down"}});
  unfinished_.push_back({story.id, story.version, at});
  if (has_unfinished_) has_unfinished_->ring();
  co_return 0;
}

// Of few decisions the transaction that enters them makes the plan, too: a hop to a worker costs as much.
asio::awaitable<void> Intake::plan_many(const Newsroom& newsroom, const Story& story, StoryEntry& entry,
                                        Time now) {
  constexpr std::size_t many = chunk_capacity;
  if (entry.resumes || entry.decisions.list.size() <= many) co_return;
  co_await parts_.workers.run([&] { plan_ahead(newsroom, story, entry, now); });
}

// For a story that some readers are owed, and so the others have to be: a database that cannot be used is
// tried until it can.
asio::awaitable<bool> Intake::write(std::function<bool(Sqlite&)> job) {
  for (std::string said;;) {
    std::string failure;
    try {
      co_return co_await parts_.database.run([&](Sqlite& db) { return job(db); });
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    if (failure != said)
      log::error("intake.unwritable", {{"what", failure}, {"next", "trying every five seconds"}});
    said = std::move(failure);
    co_await parts_.clock.sleep_for(std::chrono::seconds(5));
  }
}

asio::awaitable<void> Intake::finish() {
  has_unfinished_.emplace(co_await asio::this_coro::executor);
  std::vector<StoryVersion> unplanned;
  co_await write([&](Sqlite& db) {
    unplanned = unplanned_stories(db);
    return true;
  });
  unfinished_.assign(unplanned.begin(), unplanned.end());  // those that were left meanwhile are among them
  for (;;) {
    while (unfinished_.empty()) co_await has_unfinished_->wait();
    auto version = std::move(unfinished_.front());
    unfinished_.pop_front();
    co_await finish(std::move(version));
  }
}

// As it would have gone on when the story was seen: what is too late by now is.
asio::awaitable<void> Intake::finish(StoryVersion version) {
  const auto newsroom = parts_.newsroom();
  StoryEntry entry{.resumes = true};
  Result<Story> story = Error{};
  const bool is_there = co_await write([&](Sqlite& db) {
    entry.known = find_known(db, version.id);
    story = load_story(db, version.id, version.version);
    if (!story) note_planned(db, version.id, version.version, 0, true);
    return story.has_value();
  });
  if (!is_there) {
    log::error("story.unreadable", {{"story", version.id},
                                    {"what", story.error().message},
                                    {"next", "those who were not owed it yet are not"}});
    co_return;
  }
  co_await parts_.workers.run([&] {
    const auto& analysed = entry.analysed.emplace(analyze(*story, newsroom->site.language));
    entry.decider.emplace(*newsroom, *story, analysed, newsroom->book->match(analysed), version.seen_at);
  });
  const auto matched = co_await owe_the_others(newsroom, *story, entry, version.seen_at);
  log::info("story.planned", {{"story", story->id},
                              {"version", story->version},
                              {"more", matched},
                              {"why", "not all its readers had been owed it"}});
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
  note_stop(id);  // which may wait for room
  auto stories = co_await parts_.database.run([&](Sqlite& db) { return canceled_versions(db, id); });
  if (stories.empty()) co_return std::nullopt;
  co_return co_await take_all(std::move(stories), {});
}

asio::awaitable<std::optional<Accepted>> Intake::split(std::string id) {
  auto story = co_await parts_.database.run([&](Sqlite& db) { return split_version(db, id); });
  if (!story) co_return std::nullopt;
  constexpr bool splits = true;
  co_return co_await take(*std::move(story), {}, splits);
}

asio::awaitable<Accepted> Intake::accept(Story story, Arrival arrival) {
  if (story.status == StoryStatus::usable && !parts_.takes_stories())
    throw SqliteError(SqliteError::full, std::string(no_room));
  if (story.status == StoryStatus::usable || arrival.authority == Authority::own_stories)
    co_return co_await take(std::move(story), arrival);
  note_stop(story.id);  // which may wait for room while only feeds have stories with this id
  co_return co_await take_all(
      co_await parts_.database.run([&](Sqlite& db) { return stopped_versions(db, story); }), arrival);
}

// At least one. Returns what became of the last.
asio::awaitable<Accepted> Intake::take_all(std::vector<Story> stories, Arrival arrival) {
  Accepted accepted;
  for (auto& story : stories) accepted = co_await take(std::move(story), arrival);
  co_return accepted;
}

asio::awaitable<Accepted> Intake::take(Story story, Arrival arrival, bool splits) {
  using namespace asio::experimental::awaitable_operators;
  const auto declared_id = story.id;
  auto declared_version = story.version;
  for (;;) {
    // Most stories that come again have not changed: they cost one look-up and no matching.
    story.id = declared_id;
    auto found =
        co_await parts_.database.run([&](Sqlite& db) { return recognise(db, story, arrival.authority); });
    if (found.is_renamed) declared_version = 0;  // whoever renamed it counts anew
    story.id = found.id;
    if (story.status != StoryStatus::usable && arrival.authority == Authority::all_stories)
      note_stop(story.id);
    story.version = declared_version;
    auto verdict = co_await judge_arrival(story, found, declared_id, arrival);
    if (splits && verdict.novelty == Novelty::unchanged) verdict = {Novelty::update, verdict.version + 1};
    const bool is_wanted_update =
        verdict.novelty == Novelty::update && (arrival.deliver || changes_status(story, found.known));
    if (verdict.novelty != Novelty::fresh && !is_wanted_update) {
      log::info("story.unchanged",
                {{"story", story.id}, {"version", verdict.version}, {"is", to_string(verdict.novelty)}});
      parts_.metrics.story_seen(story.source, metric_result(verdict.novelty));
      co_return Accepted{story.id, verdict.version, verdict.novelty, 0};
    }
    story.version = verdict.version;
    const auto newsroom = parts_.newsroom();
    StoryEntry entry{.known = std::move(found.known),
                     .listed = arrival.listed,
                     .splits = splits,
                     .put_at = arrival.put_at};
    const auto begun = parts_.clock.now();
    entry.is_noted = is_backlog(story, entry.known, arrival.deliver, begun);
    const bool has_audience = !entry.is_noted && story.status == StoryStatus::usable;
    const auto prepare = [&] {
      if (!entry.known) entry.print = print_text(story);
      entry.text = text_for_log(story);
    };
    const auto find = [&] { find_audience(*newsroom, story, entry, begun); };
    if (has_audience)
      co_await (parts_.workers.run(find) && parts_.workers.run(prepare));
    else
      co_await parts_.workers.run(prepare);
    apply_suppressions(entry.decisions, *newsroom->book, parts_.suppressions);
    const auto now = parts_.clock.now();
    co_await plan_many(*newsroom, story, entry, now);
    const bool is_entered = co_await enter(*newsroom, story, entry, now);
    if (entry.former_id) log::info("story.renamed", {{"story", story.id}, {"is", *entry.former_id}});
    if (!is_entered) continue;
    announce(story, verdict.novelty, entry);
    co_await asio::post(asio::use_awaitable);  // whoever was told of it does not wait for the log's lines
    log_stored(*newsroom, story, verdict.novelty, entry, now);
    auto matched = entry.matched;
    if (!is_last(entry)) matched += co_await owe_or_leave(newsroom, story, entry, now);
    // No reader waits for it.
    if (entry.analysed) co_await parts_.workers.run([&] { learn_from(*entry.analysed, *newsroom->book); });
    co_return Accepted{story.id, story.version, verdict.novelty, matched};
  }
}

// What a version is, given what came before it, in whatever order it is read.
asio::awaitable<Verdict> Intake::judge_arrival(const Story& story, const Recognised& found,
                                               const std::string& declared_id, const Arrival& arrival) {
  auto verdict = judge(story, found);
  const auto before = arrival.stops_before;
  if (before && (is_stopped_since(story.id, *before) || is_stopped_since(declared_id, *before)))
    verdict.novelty = Novelty::held;
  if (!found.known || !arrival.put_at) co_return verdict;
  const auto& known = *found.known;
  const auto put_at = *arrival.put_at;
  bool is_old = false;
  if (verdict.novelty == Novelty::update && put_at < known.came)
    is_old =
        co_await parts_.database.run([&](Sqlite& db) { return was_said_before(db, story, known.version); });
  if (is_old) verdict = {Novelty::outdated, known.version};
  if (verdict.novelty == Novelty::unchanged && put_at > known.came)
    co_await parts_.database.run([&](Sqlite& db) { note_said_again(db, story.id, known.version, put_at); });
  co_return verdict;
}

// What is owed at once is claimed in the same job.
asio::awaitable<bool> Intake::enter(const Newsroom& newsroom, const Story& story, StoryEntry& entry,
                                    Time now) {
  const auto claims = entry.decisions.list.empty() ? nullptr : parts_.claim_along();
  bool is_kept = false;
  const Finally end([&] {
    if (claims) claims->end(is_kept);
  });
  is_kept = co_await parts_.database.run([&](Sqlite& db) {
    const bool is_entered = enter_story(db, newsroom, story, entry, now);
    if (is_entered && claims && entry.matched > 0) claims->take(db, story);
    return is_entered;
  });
  co_return is_kept;
}

// What is known of a story does not say whether its stop came before a version that has waited, or after.
bool Intake::is_stopped_since(const std::string& id, std::uint64_t stops) const {
  const auto found = stopped_.find(id);
  return found != stopped_.end() && found->second > stops;
}

// Tells the others of what has been written.
void Intake::announce(const Story& story, Novelty novelty, const StoryEntry& entry) {
  parts_.metrics.story_seen(story.source, metric_result(novelty));
  parts_.on_seen(story);
  if (!entry.stopped.empty()) {
    const bool is_usable = story.status == StoryStatus::usable;
    parts_.on_stopped(story.id, is_usable ? entry.known->version : story.version, entry.stopped);
  }
  if (entry.matched > 0 || entry.released > 0) parts_.on_owed();
}

}  // namespace crier
