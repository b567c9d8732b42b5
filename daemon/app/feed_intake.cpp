#include "app/feed_intake.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include <fmt/core.h>

#include "app/take_story.hpp"
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr Duration grace = std::chrono::hours(24);

// What a feed may be written in: a page that a server sends in its place is not a story.
bool is_feed_format(std::string_view format) {
  static constexpr std::array<std::string_view, 3> others{"html", "markdown", "page-text"};
  return std::ranges::find(others, format) == others.end();
}

std::string header_of(const FeedAnswer& answer, std::string_view name) {
  const auto found = std::ranges::find(answer.headers, name, &std::pair<std::string, std::string>::first);
  return found == answer.headers.end() ? std::string() : found->second;
}

// A permanent redirect is believed when it has led to one address often enough, and until that fails as
// often.
void note_move(FeedMemory& memory, const FeedAnswer& answer) {
  const bool believed = memory.moved_times >= believed_moves;
  if (answer.kind == FeedAnswer::Kind::failed) {
    if (!believed || memory.failures < believed_moves) return;
    memory.moved_to.clear();
    memory.moved_times = 0;
  } else if (answer.moved_to.empty()) {
    if (!believed) memory.moved_times = 0;
  } else {
    memory.moved_times = answer.moved_to == memory.moved_to ? memory.moved_times + 1 : 1;
    memory.moved_to = answer.moved_to;
  }
}

}  // namespace

FeedIntake::FeedIntake(Parts parts, FeedConfig feed, Duration first_wait)
    : parts_(std::move(parts)), feed_(std::move(feed)), first_wait_(first_wait) {}

asio::awaitable<void> FeedIntake::run() {
  co_await in_database([this](Sqlite& db) { memory_ = load_feed(db, feed_.name, feed_.url); });
  // As before a restart; a wall clock that was put back does not hold it up.
  auto wait = std::clamp<Duration>(memory_.next_at - parts_.clock.now(), first_wait_, grace);
  while (memory_.ended.empty()) {
    co_await parts_.clock.sleep_for(wait);
    wait = co_await poll();
  }
  log::error("source.ended", {{"source", feed_.name},
                              {"what", memory_.ended},
                              {"next", "it is not asked again until its URL in the configuration changes"}});
}

// Asks once. Returns how long to wait before the next time.
asio::awaitable<Duration> FeedIntake::poll() {
  const auto now = parts_.clock.now();
  auto answer = co_await fetch_feed(parts_.client,
                                    {.url = memory_.address(),
                                     .etag = memory_.etag,
                                     .last_modified = memory_.last_modified,
                                     .contact = parts_.config()->newsroom.site.url},
                                    now);
  auto result = answer.kind == FeedAnswer::Kind::failed ? PollResult::failed : PollResult::unchanged;
  if (answer.kind == FeedAnswer::Kind::gone) memory_.ended = "http-410";
  if (answer.kind == FeedAnswer::Kind::content) {
    const auto taken = co_await take(answer);
    result = taken ? *taken : PollResult::failed;
    if (!taken) answer.failure = taken.error().message;
  }
  const auto pace = paced({memory_.interval, memory_.failures}, result);
  const auto wait = poll_wait(
      pace, {feed_.every, answer.fresh_for, answer.retry_after},
      std::hash<std::string>{}(feed_.name) + static_cast<std::uint64_t>(now.time_since_epoch().count()));
  memory_.interval = pace.interval;
  memory_.failures = pace.failures;
  memory_.polled_at = now;
  memory_.next_at = now + wait;
  note_move(memory_, answer);
  if (memory_.moved_times == believed_moves && !answer.moved_to.empty())
    log::warn("source.moved", {{"source", feed_.name}, {"to", memory_.moved_to}});
  note_failure(answer.failure);
  watch_silence();
  co_await in_database([this](Sqlite& db) { store_feed(db, feed_.name, memory_); });
  co_return wait;
}

// An Error when it cannot be read; what is remembered of its content then stays, so that it is read again.
asio::awaitable<Result<PollResult>> FeedIntake::take(const FeedAnswer& answer) {
  auto hash = sha256(answer.body);
  auto result = PollResult::unchanged;
  if (hash != memory_.body_hash) {
    const auto config = parts_.config();
    auto parsed = co_await parts_.workers.run([&] {
      ParseOptions options;
      options.file_name = "feed";
      options.url = answer.url;
      options.headers = answer.headers;
      options.vocabulary = &config->vocabulary;
      options.now = parts_.clock.now();
      options.default_zone = config->newsroom.site.zone.name();
      return parse_stories(answer.body, options);
    });
    if (!parsed) co_return parsed.error();
    if (!is_feed_format(parsed->format))
      co_return Error{fmt::format("this is no feed but {}", parsed->format)};
    if (parsed->stories.empty() && parsed->bozo) co_return Error{parsed->bozo_reason};
    if (parsed->expired) memory_.ended = "the feed says that nothing will follow";
    result = co_await take_stories(*std::move(parsed));
  }
  memory_.body_hash = std::move(hash);
  memory_.etag = header_of(answer, "etag");
  memory_.last_modified = header_of(answer, "last-modified");
  co_return result;
}

asio::awaitable<PollResult> FeedIntake::take_stories(ParsedSource parsed) {
  for (const auto& warning : parsed.warnings)
    log::warn("story.doubtful", {{"source", feed_.name}, {"what", warning}});
  const auto now = parts_.clock.now();
  const bool is_first = !memory_.begun_at;
  const auto begun_at = memory_.begun_at.value_or(now);
  auto result = PollResult::unchanged;
  // Feeds begin with the newest: readers get them in the order they were published.
  for (auto& story : std::views::reverse(parsed.stories)) {
    story.source = feed_.name;
    // A feed that shows more of its past from one day to the next must not mail it.
    const bool is_backlog = is_first || (story.published && *story.published < begun_at - grace);
    const auto accepted =
        co_await take_story(parts_.intake, parts_.clock, std::move(story), !is_backlog || feed_.send_backlog);
    if (accepted.novelty == Novelty::fresh || accepted.novelty == Novelty::update) result = PollResult::news;
  }
  memory_.begun_at = begun_at;
  if (result == PollResult::news) memory_.new_at = now;
  if (is_first)
    log::info("source.begun", {{"source", feed_.name},
                               {"stories", parsed.stories.size()},
                               {"are", feed_.send_backlog ? "sent" : "noted, not sent"}});
  co_return result;
}

// What is remembered must reach the disk: a database that cannot be used is tried until it can.
asio::awaitable<void> FeedIntake::in_database(std::function<void(Sqlite&)> job) {
  for (;;) {
    std::string failure;
    try {
      co_await parts_.database.run([&](Sqlite& db) { job(db); });
      co_return;
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    log::error("source.unstored",
               {{"source", feed_.name}, {"what", failure}, {"next", "trying again in 5s"}});
    co_await parts_.clock.sleep_for(std::chrono::seconds(5));
  }
}

// Said when it begins, when it changes and when it is over, not at every poll.
void FeedIntake::note_failure(const std::string& failure) {
  if (failure != memory_.failure) {
    if (failure.empty())
      log::info("source.recovered", {{"source", feed_.name}, {"from", memory_.failure}});
    else
      log::error("source.failing",
                 {{"source", feed_.name}, {"what", failure}, {"next", to_rfc3339(memory_.next_at)}});
  }
  memory_.failure = failure;
}

// A source that has nothing new for longer than is expected of it.
void FeedIntake::watch_silence() {
  if (!feed_.expect || !memory_.begun_at) return;
  const auto since = memory_.new_at.value_or(*memory_.begun_at);
  const bool is_silent = memory_.polled_at - since > *feed_.expect;
  if (is_silent && !silent_)
    log::error("source.silent", {{"source", feed_.name}, {"since", to_rfc3339(since)}});
  silent_ = is_silent;
}

}  // namespace crier
