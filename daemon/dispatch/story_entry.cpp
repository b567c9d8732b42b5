#include "dispatch/story_entry.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/outbox.hpp"
#include "outbox/settlements.hpp"
#include "outbox/spared.hpp"
#include "outbox/stops.hpp"
#include "story/url_identity.hpp"

namespace crier {
namespace {

constexpr std::string_view superseded = "superseded by a later version";

// Nothing goes to those to whom this story, of any version, went in the same way, or is owed. Returns whether
// there are any.
bool suppress_repeats(Decisions& decisions, const SubscriberBook& book, Sqlite& db,
                      const std::string& story_id, std::string_view reason) {
  std::map<std::pair<std::string_view, ChannelKind>, std::vector<std::uint32_t>> owed;
  bool are_any = false;
  for (auto& decision : decisions.list) {
    const auto [known, is_new] = owed.try_emplace({decision.edition, decision.channel});
    if (is_new)
      known->second = decision.edition.empty()
                          ? already_owed(db, story_id, decision.channel)
                          : owed_in_edition(db, story_id, decision.edition, decision.channel);
    const bool has_it = std::ranges::binary_search(known->second, book.number_of(decision.subscriber));
    if (!has_it || !decision.suppressed.empty()) continue;
    decision.suppressed = reason;
    are_any = true;
  }
  return are_any;
}

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
void compare(Sqlite& db, const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now) {
  const PrintedStory printed{story.id, story.source, canonical_url(story.url).value_or(""), entry.print,
                             story.published};
  entry.former_id = find_renamed(db, printed, entry.listed);
  if (entry.former_id) return store_renaming(db, story.id, *entry.former_id);
  store_print(db, printed, now);
  if (!newsroom.repeats_within || entry.decisions.list.empty()) return;
  entry.repeated = find_repeated(db, printed, now - *newsroom.repeats_within, now);
  if (entry.repeated) join_group(db, story.id, entry.repeated->id, now);
}

// Ends what is queued of earlier versions. Readers who were spared another source's report because of them
// get that, unless this version leaves at once.
void stop_earlier(Sqlite& db, const Story& story, StoryEntry& entry, Time now) {
  entry.stopped = reason_to_stop(db, story, entry.known.has_value(), now);
  if (!entry.stopped.empty()) stop_story(db, story.id, entry.stopped, now);
  drop_pending_items(db, story.id, superseded);
  if (entry.stopped.empty() || (story.status == StoryStatus::usable && !(story.embargo > now))) return;
  entry.released = release_spared(db, story.id, now);
}

// Takes those out that were entered before a crash. What editions bring is entered last, all of it together.
void drop_entered(Sqlite& db, const Newsroom& newsroom, const Story& story, Decisions& decisions) {
  std::map<ChannelKind, std::vector<std::uint32_t>> entered;
  for (const auto channel : all_channels)
    entered[channel] = members_of_alert(db, story.id, story.version, channel);
  std::erase_if(decisions.list, [&](const Decision& decision) {
    return decision.edition.empty() &&
           std::ranges::binary_search(entered[decision.channel],
                                      newsroom.book->number_of(decision.subscriber));
  });
}

// What the decisions come to, given who has the story already. A job that is tried again may find that
// otherwise.
StoryPlan plan_entered(Sqlite& db, const Newsroom& newsroom, const Story& story, StoryEntry& entry,
                       Time now) {
  bool is_changed = false;
  for (auto& decision : entry.decisions.list) {
    if (decision.suppressed != had_earlier_version && decision.suppressed != reported_before) continue;
    decision.suppressed.clear();
    is_changed = true;
  }
  if (entry.known)
    is_changed |= suppress_repeats(entry.decisions, *newsroom.book, db, story.id, had_earlier_version);
  for (const auto& other : others_in_group(db, story.id))
    is_changed |= suppress_repeats(entry.decisions, *newsroom.book, db, other.id, reported_before);
  if (is_changed || !entry.plan) entry.plan = plan_story(newsroom, story, entry.decisions, now);
  entry.matched = entry.plan->matched;
  return *std::exchange(entry.plan, std::nullopt);
}

}  // namespace

void plan_ahead(const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now) {
  entry.plan = plan_story(newsroom, story, entry.decisions, now);
}

bool enter_story(Sqlite& db, const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now) {
  const auto latest = find_known(db, story.id);
  const auto& known = entry.known;
  if (latest.has_value() != known.has_value() || (latest && latest->version != known->version)) return false;
  if (!known) compare(db, newsroom, story, entry, now);
  if (entry.former_id) return false;
  if (entry.splits) leave_group(db, story.id);
  stop_earlier(db, story, entry, now);
  const auto plan = plan_entered(db, newsroom, story, entry, now);
  store_story(db, story, {plan.matched, is_last(entry), entry.is_noted, entry.text, entry.put_at}, now);
  for (const auto& batch : plan.batches) add_batch(db, batch, now);
  for (const auto& item : plan.items) add_digest_item(db, item);
  return true;
}

bool enter_more(Sqlite& db, const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now) {
  const auto latest = find_known(db, story.id);
  if (!latest || latest->version != story.version) {
    note_planned(db, story.id, story.version, 0, true);
    return false;
  }
  if (entry.resumes) {
    drop_entered(db, newsroom, story, entry.decisions);
    entry.plan.reset();
  }
  const auto plan = plan_entered(db, newsroom, story, entry, now);
  note_planned(db, story.id, story.version, plan.matched, is_last(entry));
  for (const auto& batch : plan.batches) grow_batch(db, batch, now);
  for (const auto& item : plan.items) add_digest_item(db, item);
  return true;
}

}  // namespace crier
