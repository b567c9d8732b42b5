#include "app/feed_intake.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>

#include "app/hand_in.hpp"
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "net/http_headers.hpp"
#include "story/parse.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

// How often a feed is asked whose hub sends what is new: the hub may be silent without saying so.
constexpr Duration slowest_beside_hub = std::chrono::minutes(15);

// What a worker made of a body.
struct ReadFeed {
  ParsedSource source;
  std::vector<std::uint64_t>
      keys;  // of its stories: eight bytes of the hash of all that a reader would notice
};

Result<ReadFeed> read_feed_body(const std::string& body, const ParseOptions& options) {
  auto parsed = parse_stories(body, options);
  if (!parsed) return parsed.error();
  // An error page with status 200 must not become a story.
  if (parsed->format == "page-text" || parsed->format == "markdown")
    return Error{fmt::format("{}: this is no feed", options.file_name)};
  ReadFeed read{std::move(*parsed), {}};
  for (const auto& story : read.source.stories) {
    std::uint64_t key = 0;
    std::memcpy(&key, content_hash(story).data(), sizeof key);
    read.keys.push_back(key);
  }
  return read;
}

// The hub that a feed names, and its topic: by Link headers, else in the feed (W3C WebSub §4). A header
// counts only with both, so that the two are of one word.
std::pair<std::string, std::string> find_hub(const FeedAnswer& answer, const ParsedSource& source) {
  std::pair<std::string, std::string> found;
  for (const auto& [name, value] : answer.headers) {
    if (name != "link") continue;
    for (const auto& link : parse_links(value)) {
      const auto target = resolve_url(link.target, answer.url);
      if (target && found.first.empty() && link.has("hub")) found.first = *target;
      if (target && found.second.empty() && link.has("self")) found.second = *target;
    }
  }
  if (!found.first.empty() && !found.second.empty()) return found;
  if (!source.hub.empty() && !source.self.empty()) return {source.hub, source.self};
  return {};
}

std::string_view to_string(PollResult result) {
  switch (result) {
    case PollResult::fresh:
      return "fresh";
    case PollResult::unchanged:
      return "unchanged";
    case PollResult::failed:
      return "failed";
    case PollResult::ended:
      return "ended";
  }
  return "unknown";
}

}  // namespace

FeedIntake::FeedIntake(const asio::any_io_executor& loop, Parts parts, HttpClient& client, FeedConfig feed)
    : parts_(std::move(parts)), client_(client), feed_(std::move(feed)), hub_called_(loop) {
  memory_.configured_url = memory_.url = feed_.url;
  memory_.interval = first_poll_interval;
}

asio::awaitable<void> FeedIntake::run() {
  co_await in_database([this](Sqlite& db) {
    if (auto known = load_feed(db, feed_.name, feed_.url)) {
      memory_ = *std::move(known);
      if (may_ask_hub()) lease_ = load_lease(db, feed_.name);
    }
  });
  while (memory_.ended.empty()) {
    const auto now = parts_.clock.now();
    const auto due = next_fetch(now);
    const auto hub = ask_hub_at(lease_, now);
    if (std::exchange(is_lease_changed_, false)) {
      co_await save_lease();
    } else if (!deliveries_.empty()) {
      auto delivery = std::move(deliveries_.front());
      deliveries_.pop_front();
      co_await read_delivery(std::move(delivery));
    } else if (due <= now) {
      co_await poll_feed();
    } else if (hub && *hub <= now) {
      co_await ask_hub();
    } else {
      co_await hub_called_.wait_until(parts_.clock, hub ? std::min(*hub, due) : due);
    }
  }
  parts_.metrics.set_feed_up(feed_.name, false);
  log::error("feed.ended", {{"source", feed_.name},
                            {"url", url_for_logs(memory_.url)},
                            {"what", memory_.ended},
                            {"next", "it is not asked again; give it another URL or take it out"}});
}

asio::awaitable<void> FeedIntake::poll_feed() {
  Polled polled;
  ++polls_;
  co_await guard(fetch_and_take(polled), polled);
  note_hub(polled);
  conclude(polled);
  co_await in_database([this](Sqlite& db) { store_feed(db, feed_.name, memory_); });
}

// Tried until it can be done: the feed waits, nothing is lost.
asio::awaitable<void> FeedIntake::in_database(std::function<void(Sqlite&)> job) {
  for (;;) {
    std::string failure;
    try {
      co_await parts_.database.run([&job](Sqlite& db) { job(db); });
      co_return;
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    log::error("feed.unsaved", {{"source", feed_.name}, {"what", failure}, {"next", "trying again in 5s"}});
    co_await parts_.clock.sleep_until(parts_.clock.now() + std::chrono::seconds(5));
  }
}

// A clock that was set back, or an interval that was changed, must not silence a feed.
Time FeedIntake::next_fetch(Time now) {
  const auto most =
      feed_.every && memory_.failures == 0 ? *feed_.every + *feed_.every / 10 : longest_retry_after;
  memory_.next_at = std::min(memory_.next_at.value_or(now), now + most);
  return *memory_.next_at;
}

// Whatever goes wrong with one feed is that feed's failure.
asio::awaitable<void> FeedIntake::guard(asio::awaitable<void> work, Polled& polled) {
  try {
    co_await std::move(work);
    co_return;
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) throw;
    polled.what = e.what();
  } catch (const std::exception& e) {
    polled.what = e.what();
  }
  polled.said.result = PollResult::failed;
}

asio::awaitable<void> FeedIntake::fetch_and_take(Polled& polled) {
  using Kind = FeedAnswer::Kind;
  FeedQuestion question;
  question.url = memory_.url;
  question.validators = memory_.validators;
  question.user_agent = parts_.user_agent;
  polled.answer = co_await fetch_feed(client_, parts_.turns, parts_.clock, std::move(question));
  auto& answer = polled.answer;
  auto& said = polled.said;
  auto& what = polled.what;
  said.fresh_for = answer.fresh_for;
  said.retry_after = answer.retry_after;
  said.pace = memory_.pace;
  if (lease_.is_active(parts_.clock.now()))
    said.fresh_for = std::max(said.fresh_for.value_or(Duration::zero()), slowest_beside_hub);
  switch (answer.kind) {
    case Kind::body:
      co_await take_body(polled);
      break;
    case Kind::unchanged:
      said.result = PollResult::unchanged;
      break;
    case Kind::gone:
      said.result = PollResult::ended;
      what = "answered 410, gone";
      break;
    case Kind::failed:
      said.result = PollResult::failed;
      what = answer.what;
      break;
  }
}

asio::awaitable<void> FeedIntake::take_body(Polled& polled) {
  auto& [answer, said, what, hash, hub] = polled;
  said.result = PollResult::unchanged;
  const auto config = parts_.config();
  ParseOptions options;
  options.file_name = feed_.name;
  options.url = answer.url;
  options.headers = answer.headers;
  options.vocabulary = &config->vocabulary;
  options.now = parts_.clock.now();
  options.default_zone = config->newsroom.site.zone.name();
  auto read = co_await parts_.workers.run([&]() -> Result<std::optional<ReadFeed>> {
    hash = sha256(answer.body);
    if (memory_.noted_at && hash == memory_.body_hash) return std::optional<ReadFeed>();
    auto fresh = read_feed_body(answer.body, options);
    if (!fresh) return fresh.error();
    return std::optional(*std::move(fresh));
  });
  if (!read) {
    said.result = PollResult::failed;
    what = read.error().message;
    parts_.metrics.story_seen(feed_.name, "refused");
    co_return;
  }
  if (!*read) co_return;
  auto& [source, keys] = **read;
  said.pace = memory_.pace = source.pace;
  const bool has_ended = source.expired;
  hub.emplace(find_hub(answer, source));
  say_doubts(source);
  const bool is_fresh = co_await take_stories(std::move(source), std::move(keys));
  if (is_fresh) said.result = PollResult::fresh;
  if (!has_ended) co_return;
  said.result = PollResult::ended;
  what = "the feed says that nothing will follow (expired)";
}

// True when there was one that the story log did not have.
asio::awaitable<bool> FeedIntake::take_stories(ParsedSource source, std::vector<std::uint64_t> keys) {
  const bool deliver = memory_.noted_at.has_value() || feed_.send_backlog;
  bool is_fresh = false;
  for (auto i = source.stories.size(); i-- > 0;) {  // feeds begin with the newest
    if (seen_.contains(keys[i])) continue;
    auto& story = source.stories[i];
    story.source = feed_.name;
    const auto accepted = co_await hand_in(parts_.intake, parts_.clock, std::move(story), deliver);
    is_fresh = is_fresh || accepted.novelty == Novelty::fresh || accepted.novelty == Novelty::update;
  }
  seen_ = {keys.begin(), keys.end()};
  if (!memory_.noted_at)
    log::info("feed.first_read", {{"source", feed_.name},
                                  {"url", url_for_logs(feed_.url)},
                                  {"stories", keys.size()},
                                  {"backlog", deliver ? "sent" : "noted, not sent"}});
  co_return is_fresh;
}

// Said when it begins: what a feed is doubted for mostly stays the same.
void FeedIntake::say_doubts(const ParsedSource& source) {
  const bool is_doubtful = source.bozo || !source.warnings.empty();
  if (is_doubtful && !said_doubtful_)
    log::warn("feed.doubtful", {{"source", feed_.name},
                                {"url", url_for_logs(memory_.url)},
                                {"what", source.bozo ? source.bozo_reason : source.warnings.front()},
                                {"warnings", source.warnings.size()}});
  said_doubtful_ = is_doubtful;
}

void FeedIntake::conclude(const Polled& polled) {
  const auto now = parts_.clock.now();
  const auto result = polled.said.result;
  const auto seed = std::hash<std::string>()(feed_.name) + polls_;
  const auto next = plan_poll({memory_.interval, memory_.failures}, polled.said, feed_.every, now, seed);
  memory_.fetched_at = now;
  memory_.next_at = next.at;
  if (result == PollResult::failed)
    conclude_failed(polled, now, next.at);
  else
    conclude_good(polled, now);
  if (result == PollResult::ended) memory_.ended = polled.what;
  memory_.interval = next.state.interval;
  memory_.failures = next.state.failures;
  parts_.metrics.feed_polled(feed_.name, to_string(result));
  parts_.metrics.set_feed_up(feed_.name, result != PollResult::failed && result != PollResult::ended);
}

void FeedIntake::conclude_failed(const Polled& polled, Time now, std::optional<Time> next) {
  memory_.failure = polled.what;
  if (!memory_.failing_since) memory_.failing_since = now;
  if (return_home(memory_))
    log::warn("feed.returned", {{"source", feed_.name},
                                {"to", url_for_logs(memory_.url)},
                                {"what", "it has failed for long where it had moved to"}});
  if (std::exchange(said_failing_, true)) return;
  log::warn("feed.failing", {{"source", feed_.name},
                             {"url", url_for_logs(memory_.url)},
                             {"what", polled.what},
                             {"next", next ? to_rfc3339(*next) : "-"}});
}

void FeedIntake::conclude_good(const Polled& polled, Time now) {
  if (memory_.failing_since)
    log::info("feed.recovered", {{"source", feed_.name},
                                 {"url", url_for_logs(memory_.url)},
                                 {"failures", memory_.failures},
                                 {"since", to_rfc3339(*memory_.failing_since)}});
  memory_.failure.clear();
  memory_.failing_since.reset();
  said_failing_ = false;
  if (polled.answer.kind == FeedAnswer::Kind::body) {
    memory_.validators = polled.answer.validators;
    memory_.body_hash = polled.body_hash;
    if (!memory_.noted_at) memory_.noted_at = now;
  }
  const auto from = memory_.url;
  if (follow_move(memory_, polled.answer))
    log::info("feed.moved",
              {{"source", feed_.name},
               {"from", url_for_logs(from)},
               {"to", url_for_logs(memory_.url)},
               {"next", "it is asked there from now on; put the new URL into the configuration"}});
}

}  // namespace crier
