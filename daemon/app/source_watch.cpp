#include "app/source_watch.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "db/database.hpp"
#include "story/story_log.hpp"

namespace crier {

namespace asio = boost::asio;

Time silent_since(const ExpectedSource& source, std::optional<Time> last_story) {
  return std::max(source.watched_since, last_story.value_or(source.watched_since));
}

bool is_silent(const ExpectedSource& source, std::optional<Time> last_story, Time now) {
  return source.expect && now - silent_since(source, last_story) > *source.expect;
}

SourceWatch::SourceWatch(Database& database, Clock& clock, Metrics& metrics,
                         std::vector<ExpectedSource> sources)
    : database_(database), clock_(clock), metrics_(metrics), sources_(std::move(sources)) {
  for (const auto& source : sources_)
    if (source.expect) between_looks_ = std::min(between_looks_, *source.expect / 4);
  between_looks_ = std::max<Duration>(between_looks_, std::chrono::seconds(1));
}

// Waits first: after a while without crier the sources need a moment to bring what came meanwhile.
asio::awaitable<void> SourceWatch::run() {
  for (;;) {
    co_await clock_.sleep_for(between_looks_);
    try {
      co_await look();
    } catch (const SqliteError& e) {
      log::debug("source.unjudged", {{"what", e.what()}});  // /readyz tells of the disk
    }
  }
}

asio::awaitable<void> SourceWatch::look() {
  const auto last = co_await database_.run([](Sqlite& db) { return last_stories(db); });
  const auto now = clock_.now();
  for (const auto& source : sources_) {
    const auto found = last.find(source.name);
    judge(source, found == last.end() ? std::nullopt : std::optional(found->second), now);
  }
}

void SourceWatch::judge(const ExpectedSource& source, std::optional<Time> last_story, Time now) {
  if (last_story) metrics_.set_last_story(source.name, *last_story);
  if (!source.expect) return;
  const auto since = silent_since(source, last_story);
  const bool silent = is_silent(source, last_story, now);
  metrics_.set_source_silent(source.name, silent);
  if (silent && silent_.insert(source.name).second)
    log::error(
        "source.silent",
        {{"source", source.name}, {"since", to_rfc3339(since)}, {"expect", to_string(*source.expect)}});
  else if (!silent && silent_.erase(source.name) > 0)
    log::info("source.heard", {{"source", source.name}});
}

}  // namespace crier
