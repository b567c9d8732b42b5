// Intake: the belt that turns a parsed story into what is owed. Runs on the loop; matching runs on the
// workers, writing in one database transaction: the story is seen and its deliveries are owed, or neither.
// A crash before the commit leaves nothing, so the source hands the story over again. Of a large audience the
// first readers are owed it in that transaction, the others in more of them; what a crash comes between is
// finished at the next start, and what a full disk comes between when there is room.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/bell.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "dispatch/claimer.hpp"
#include "dispatch/newsroom.hpp"
#include "story/recognition.hpp"
#include "story/story.hpp"
#include "story/story_log.hpp"

namespace crier {

class Database;
class Metrics;
class Sqlite;
class SuppressionList;
class Workers;
struct StoryEntry;

/// What became of a story that was handed in; it is on the disk.
struct Accepted {
  std::string id;
  std::uint32_t version = 0;
  Novelty novelty = Novelty::fresh;
  /// Deliveries owed, suppressed ones included; without those that could not be written yet.
  std::int64_t matched = 0;
};

/// How a story came.
struct Arrival {
  /// false notes a story that is not known as seen, without owing it or a later version of it to anybody (the
  /// backlog of a new source), unless it is withheld or under embargo; and leaves one that is known as it is,
  /// unless that stops it or brings it back.
  bool deliver = true;
  Authority authority = Authority::all_stories;
  /// The ids of the document that it came in, where there were several, also with the source's name before
  /// when it is a feed; outlives the call.
  const std::set<std::string>* listed = nullptr;
  /// Of a story that has waited for room: Intake::stops() when it came. What was stopped since stays so.
  std::optional<std::uint64_t> stops_before{};
  /// When its file was put into its folder. What says the same as an earlier version is old when the latest
  /// came after that: a folder is read anew at each start.
  std::optional<Time> put_at{};
};

class Intake {
 public:
  struct Parts {
    Database& database;
    Workers& workers;
    Clock& clock;
    const SuppressionList& suppressions;
    Metrics& metrics;
    std::function<std::shared_ptr<const Newsroom>()> newsroom;  ///< the current snapshot
    std::function<void(const Story& story)> on_seen;            ///< a new version is in the story log
    std::function<void()> on_owed;                              ///< new work is in the outbox
    /// Claims for the courier in the job that makes such work.
    std::function<std::shared_ptr<Claimer::Along>()> claim_along;
    /// Nothing more of this version, or an earlier one, may leave.
    std::function<void(const std::string& story_id, std::uint32_t version, std::string_view reason)>
        on_stopped;
    /// False while there is no room for stories: what is there is for what is owed.
    std::function<bool()> takes_stories = [] { return true; };
  };
  explicit Intake(Parts parts) : parts_(std::move(parts)) {}

  /// The id of a feed's story counts within its source: see recognise(). A stop by the newsroom's own hands
  /// reaches the stories of all feeds that give them its id, when it has no story of its own with that.
  /// Throws SqliteError when it cannot be stored: nothing was, or of several stories some. What stops a story
  /// is taken as long as it can be written, others only while stories are taken.
  boost::asio::awaitable<Accepted> accept(Story story, Arrival arrival = {});

  /// Whether usable stories are taken now; others are always.
  bool takes_stories() const { return parts_.takes_stories(); }
  /// A number that grows with each story that the newsroom's own hands stop.
  std::uint64_t stops() const { return stops_; }

  /// Owes stories to the readers who were left out: by the end of an earlier run, or because they could not
  /// be written down. Ends by cancellation only.
  boost::asio::awaitable<void> finish();

  /// Takes those out of `stories` that are no news: the many that a feed lists again and again. In few jobs,
  /// and without a word in the log. Throws SqliteError; `stories` are all there then.
  boost::asio::awaitable<void> drop_known(std::vector<Story>& stories, Authority authority);

  /// The latest version of a story anew, as canceled: nothing more of it leaves, and it does not come back.
  /// So of all that `id` may mean: see ids_meant(). nullopt when no such story was seen. Throws SqliteError
  /// as accept() does.
  boost::asio::awaitable<std::optional<Accepted>> cancel(std::string id);

  /// Takes a story out of its group: it goes to those who were spared it because another source had reported
  /// it before. nullopt when `id` means no one story in a group, or its text is no longer kept. Throws as
  /// accept() does.
  boost::asio::awaitable<std::optional<Accepted>> split(std::string id);

 private:
  boost::asio::awaitable<Accepted> take(Story story, Arrival arrival, bool splits = false);
  boost::asio::awaitable<Accepted> take_all(std::vector<Story> stories, Arrival arrival);
  boost::asio::awaitable<Verdict> judge_arrival(const Story& story, const Recognised& found,
                                                const std::string& declared_id, const Arrival& arrival);
  boost::asio::awaitable<std::int64_t> owe_the_others(std::shared_ptr<const Newsroom> newsroom,
                                                      const Story& story, StoryEntry& entry, Time at);
  boost::asio::awaitable<void> plan_many(const Newsroom& newsroom, const Story& story, StoryEntry& entry,
                                         Time now);
  boost::asio::awaitable<bool> enter(const Newsroom& newsroom, const Story& story, StoryEntry& entry,
                                     Time now);
  boost::asio::awaitable<std::int64_t> owe_or_leave(std::shared_ptr<const Newsroom> newsroom,
                                                    const Story& story, StoryEntry& entry, Time at);
  boost::asio::awaitable<bool> write(std::function<bool(Sqlite&)> job);
  boost::asio::awaitable<void> finish(StoryVersion version);
  void note_stop(const std::string& id) { stopped_[id] = ++stops_; }
  bool is_stopped_since(const std::string& id, std::uint64_t stops) const;
  void announce(const Story& story, Novelty novelty, const StoryEntry& entry);

  Parts parts_;
  std::uint64_t stops_ = 0;
  std::map<std::string, std::uint64_t> stopped_;  // id → stops() after its last one; a newsroom stops few
  std::deque<StoryVersion> unfinished_;           // some readers are not owed them yet
  std::optional<Bell> has_unfinished_;            // while finish() runs
};

}  // namespace crier
