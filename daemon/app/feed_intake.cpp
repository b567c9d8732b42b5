#include "app/feed_intake.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "app/take_story.hpp"
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "net/http_headers.hpp"
#include "schedule/hub_lease.hpp"
#include "story/charset_label.hpp"
#include "story/identity.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr Duration grace = std::chrono::hours(24);

// How often a feed is asked whose hub sends what is new: the hub may be silent without saying so.
constexpr Duration slowest_beside_hub = std::chrono::minutes(15);

// After a poll that left stories for lack of room, once there is some.
constexpr Duration soonest = std::chrono::minutes(1);

// What a feed may be written in: a page that a server sends in its place is not a story.
bool is_feed_format(std::string_view format) {
  static constexpr std::array<std::string_view, 3> others{"html", "markdown", "page-text"};
  return std::ranges::find(others, format) == others.end();
}

std::string_view to_string(PollResult result) {
  switch (result) {
    case PollResult::news:
      return "news";
    case PollResult::unchanged:
      return "unchanged";
    case PollResult::failed:
      return "failed";
  }
  return "failed";
}

// "timeout: https://example.org: …" → "timeout": texts of libraries count milliseconds.
std::string_view kind_of(std::string_view failure) {
  return failure.substr(0, failure.find(':'));
}

}  // namespace

FeedIntake::FeedIntake(const asio::any_io_executor& loop, Parts parts, FeedConfig feed, Duration first_wait,
                       const std::string& callback)
    : parts_(std::move(parts)),
      feed_(std::move(feed)),
      first_wait_(first_wait),
      hub_(loop, parts_.clock, parts_.client, parts_.turns,
           {.source = feed_.name,
            .callback = feed_.websub.value_or(true) ? callback : std::string(),
            .insecure = feed_.websub.value_or(false)}) {}

asio::awaitable<void> FeedIntake::run() {
  wait_ = co_await remember();
  due_ = parts_.clock.now() + wait_;
  while (memory_.ended.empty()) co_await work();
  hub_.note({});
  if (const auto changed = hub_.take_change())
    co_await in_database([&](Sqlite& db) { store_lease(db, feed_.name, *changed); });
  parts_.metrics.set_feed_up(feed_.name, false);
  log::error("source.ended", {{"source", feed_.name},
                              {"what", memory_.ended},
                              {"next", "it is not asked again until its URL in the configuration changes"}});
}

// Takes up what an earlier run knew. Returns how long to wait before the first poll.
asio::awaitable<Duration> FeedIntake::remember() {
  co_await in_database([this](Sqlite& db) {
    memory_ = load_feed(db, feed_.name, feed_.url);
    if (memory_.begun_at) hub_.resume(load_lease(db, feed_.name));
  });
  // As before a restart, but for what somebody may just have mended; a wall clock that was put back does not
  // hold it up.
  const auto left = memory_.failure.empty() ? memory_.next_at - parts_.clock.now() : Duration::zero();
  co_return std::clamp<Duration>(left, first_wait_, std::max(first_wait_, feed_.every.value_or(grace)));
}

// One thing of those that are to be done, or waits for one.
asio::awaitable<void> FeedIntake::work() {
  const auto now = parts_.clock.now();
  due_ = std::min(due_, now + wait_);  // the wall clock may have been put back
  if (lacks_stories_ && parts_.intake.takes_stories()) due_ = std::min(due_, memory_.polled_at + soonest);
  const auto hub_due = hub_.ask_at();
  if (const auto changed = hub_.take_change()) {
    co_await in_database([&](Sqlite& db) { store_lease(db, feed_.name, *changed); });
  } else if (auto delivery = hub_.take_delivery()) {
    co_await read_delivery(*std::move(delivery));
  } else if (due_ <= now) {
    co_await poll();
  } else if (hub_due && *hub_due <= now) {
    const auto failure = co_await guarded(hub_.ask(user_agent_now()));
    if (!failure.empty()) log::warn("hub.failing", {{"source", feed_.name}, {"what", failure}});
  } else {
    auto next = hub_due ? std::min(*hub_due, due_) : due_;
    if (lacks_stories_) next = std::min(next, now + Duration(std::chrono::seconds(1)));
    co_await hub_.wait_until(next);
  }
}

std::string FeedIntake::user_agent_now() const {
  return user_agent(parts_.config()->newsroom.site.url);
}

// Whatever one feed can make a library throw must not stop the others. What was thrown; empty = nothing.
asio::awaitable<std::string> FeedIntake::guarded(asio::awaitable<void> work) {
  try {
    co_await std::move(work);
    co_return std::string();
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) throw;
    co_return e.what();
  } catch (const std::exception& e) {
    co_return e.what();
  }
}

asio::awaitable<void> FeedIntake::poll() {
  FeedAnswer answer;
  auto result = PollResult::failed;
  if (auto thrown = co_await guarded(ask(answer, result)); !thrown.empty()) {
    answer.failure = std::move(thrown);
    result = PollResult::failed;
  }
  conclude(answer, result);
  parts_.metrics.feed_polled(feed_.name, to_string(result));
  parts_.metrics.set_feed_up(feed_.name, result != PollResult::failed);
  note_failure(to_one_line(answer.failure, 300));
  co_await in_database([this](Sqlite& db) { store_feed(db, feed_.name, memory_); });
  wait_ = memory_.next_at - memory_.polled_at;
  due_ = memory_.next_at;
}

asio::awaitable<void> FeedIntake::ask(FeedAnswer& answer, PollResult& result) {
  answer = co_await fetch_feed(
      parts_.client, parts_.turns, parts_.clock,
      {.url = memory_.address(), .validators = memory_.validators, .user_agent = user_agent_now()});
  const auto read = co_await take(answer);
  if (read)
    result = *read;
  else
    answer.failure = read.error().message;
}

asio::awaitable<void> FeedIntake::read_delivery(HubDelivery delivery) {
  if (!memory_.begun_at) co_return;  // the backlog is noted by a poll
  FeedAnswer answer;
  answer.kind = FeedAnswer::Kind::content;
  answer.url = hub_.topic();
  answer.headers = {{"content-type", std::move(delivery.content_type)}};
  answer.body = std::move(delivery.body);
  std::string failure;
  if (auto thrown = co_await guarded(take_delivered(answer, failure)); !thrown.empty())
    failure = std::move(thrown);
  if (!failure.empty())
    log::warn("hub.unreadable", {{"source", feed_.name}, {"what", to_one_line(failure, 300)}});
}

// Its stories, and nothing about the feed: a hub may send only what is new of it.
asio::awaitable<void> FeedIntake::take_delivered(const FeedAnswer& answer, std::string& failure) {
  auto parsed = co_await parse(answer);
  if (parsed)
    co_await take_stories(*std::move(parsed));
  else
    failure = parsed.error().message;
}

// What one poll teaches about the next.
void FeedIntake::conclude(const FeedAnswer& answer, PollResult result) {
  const auto now = parts_.clock.now();
  memory_.pace = paced(memory_.pace, result);
  PollWishes wishes{feed_.every, answer.fresh_for, answer.retry_after, memory_.hints};
  if (hub_.is_active())
    wishes.fresh_for = std::max(wishes.fresh_for.value_or(Duration::zero()), slowest_beside_hub);
  const auto seed =
      std::hash<std::string>{}(feed_.name) + static_cast<std::uint64_t>(now.time_since_epoch().count());
  memory_.polled_at = now;
  memory_.next_at = now + poll_wait(memory_.pace, wishes, now, seed);
  if (result == PollResult::failed) {
    // The next request asks for the whole: what was known may be what is wrong.
    memory_.validators = {};
    memory_.body_hash.clear();
    lacks_stories_ = false;  // it is not asked sooner than the failure allows
  } else if (!lacks_stories_) {
    memory_.read_at = now;  // what has waited for room does not become backlog
  }
  if (note_move(memory_, answer.moved_to, result))
    log::warn("source.moved", {{"source", feed_.name}, {"next", "crier sources shows the new address"}});
}

// An Error when there is nothing to be read, or it cannot be.
asio::awaitable<Result<PollResult>> FeedIntake::take(const FeedAnswer& answer) {
  if (answer.kind == FeedAnswer::Kind::failed) co_return Error{answer.failure};
  if (answer.kind == FeedAnswer::Kind::unchanged) co_return PollResult::unchanged;
  if (answer.kind == FeedAnswer::Kind::gone) {
    memory_.ended = "http-410";
    co_return PollResult::unchanged;
  }
  auto hash = sha256(answer.body);
  auto result = PollResult::unchanged;
  if (hash != memory_.body_hash) {
    // If this content should bring crier down, it is not the first thing after the restart.
    auto unread = memory_;
    ++unread.pace.failures;
    unread.next_at = parts_.clock.now() + memory_.pace.interval;
    co_await in_database([&](Sqlite& db) { store_feed(db, feed_.name, unread); });
    auto parsed = co_await parse(answer);
    if (!parsed) co_return parsed.error();
    memory_.hints = parsed->hints;
    hub_.note(find_hub(answer.headers, answer.url, *parsed));
    const bool is_expired = parsed->expired;
    const auto taken = co_await take_stories(*std::move(parsed));
    lacks_stories_ = !taken.is_all;
    if (!taken.is_all) co_return taken.result;
    if (is_expired) memory_.ended = "the feed says that nothing will follow";
    result = taken.result;
  }
  memory_.body_hash = std::move(hash);
  const auto validator = [&](std::string_view name) {
    return std::string(usable_validator(header_value(answer.headers, name)));
  };
  memory_.validators = {answer.url, validator("etag"), validator("last-modified")};
  co_return result;
}

asio::awaitable<Result<ParsedSource>> FeedIntake::parse(const FeedAnswer& answer) {
  auto parsed = co_await parse_content(answer);
  if (!parsed) parts_.metrics.story_seen(feed_.name, "refused");
  co_return parsed;
}

asio::awaitable<Result<ParsedSource>> FeedIntake::parse_content(const FeedAnswer& answer) {
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
  if (!parsed) co_return parsed;
  // An error's JSON object would make a story of its title.
  const bool is_list = parsed->format != "json" || answer.body.find("\"stories\"") != std::string::npos ||
                       trim(answer.body).starts_with('[');
  if (!is_feed_format(parsed->format) || !is_list)
    co_return Error{fmt::format("this is no feed but {}", parsed->format)};
  if (parsed->stories.empty() && parsed->bozo) co_return Error{parsed->bozo_reason};
  co_return parsed;
}

asio::awaitable<FeedIntake::Taken> FeedIntake::take_stories(ParsedSource parsed) {
  for (const auto& warning : parsed.warnings)
    log::warn("story.doubtful", {{"source", feed_.name}, {"what", warning}});
  const auto now = parts_.clock.now();
  const bool is_first = !memory_.begun_at;
  const auto last_read = memory_.read_at.value_or(now);
  std::set<std::string> ids;
  std::erase_if(parsed.stories, [&](Story& story) {
    story.source = feed_.name;
    return !ids.insert(story.id).second;
  });
  for (const auto& story : parsed.stories) ids.insert(id_of_source(feed_.name, story.id));
  const auto listed = parsed.stories.size();
  co_await drop_known(parsed.stories);
  Taken taken;
  // Feeds begin with the newest: readers get them in the order they were published, after what stops others,
  // for which there may be room when there is none for them.
  std::ranges::stable_partition(parsed.stories,
                                [](const Story& story) { return story.status == StoryStatus::usable; });
  for (auto& story : std::views::reverse(parsed.stories)) {
    // A feed that shows more of its past from one day to the next must not mail it.
    const bool is_backlog = is_first || (story.published && *story.published < last_read - grace);
    const auto id = story.id;
    const auto accepted = co_await take_story(
        parts_.intake, parts_.clock, std::move(story),
        {.deliver = !is_backlog || feed_.send_backlog, .authority = Authority::own_stories, .listed = &ids});
    if (!accepted) {
      note_refusal(id, accepted.error().message);
      taken.is_all = false;
      co_return taken;
    }
    if (accepted->novelty == Novelty::fresh || accepted->novelty == Novelty::update)
      taken.result = PollResult::news;
  }
  if (is_first) {
    memory_.begun_at = now;
    log::info("source.begun", {{"source", feed_.name},
                               {"stories", listed},
                               {"are", feed_.send_backlog ? "sent" : "noted, not sent"}});
  }
  co_return taken;
}

// The feed is asked for the whole again; until then it is polled as ever, for what it stops.
void FeedIntake::note_refusal(const std::string& story, const std::string& failure) {
  memory_.validators = {};
  memory_.body_hash.clear();
  if (std::exchange(lacks_stories_, true)) return;
  log::error("story.unstored",
             {{"source", feed_.name},
              {"story", story},
              {"what", failure},
              {"next", "the feed is read again when there is room; what stops a story is taken"}});
}

// What a feed lists again is looked at here, in few jobs; without the database one by one, until it is back.
asio::awaitable<void> FeedIntake::drop_known(std::vector<Story>& stories) {
  try {
    co_await parts_.intake.drop_known(stories, Authority::own_stories);
  } catch (const SqliteError& e) {
    log::error("source.unstored", {{"source", feed_.name}, {"what", std::string(e.what())}});
  }
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
  if (kind_of(failure) != kind_of(memory_.failure)) {
    if (failure.empty())
      log::info("source.recovered", {{"source", feed_.name}, {"from", memory_.failure}});
    else
      log::error("source.failing",
                 {{"source", feed_.name}, {"what", failure}, {"next", to_rfc3339(memory_.next_at)}});
  }
  memory_.failure = failure;
}

}  // namespace crier
