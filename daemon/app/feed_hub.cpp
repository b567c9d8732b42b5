// What FeedIntake has to do with its feed's WebSub hub.
#include <utility>

#include <fmt/core.h>

#include "app/feed_intake.hpp"
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "net/host_turns.hpp"
#include "net/http_client.hpp"

namespace crier {

namespace asio = boost::asio;

namespace {
constexpr std::size_t max_waiting_deliveries = 8;
}

// By a copy: a hub may call while it is being written.
asio::awaitable<void> FeedIntake::save_lease() {
  const auto lease = lease_;
  co_await in_database([this, &lease](Sqlite& db) { store_lease(db, feed_.name, lease); });
}

bool FeedIntake::may_ask_hub() const {
  return !parts_.callback.empty() && feed_.websub.value_or(parts_.callback.starts_with("https://"));
}

void FeedIntake::note_hub(const Polled& polled) {
  if (!polled.hub || polled.said.result == PollResult::failed) return;
  const auto& [hub, topic] = *polled.hub;
  if (discover_hub(lease_, may_ask_hub() ? hub : std::string(), topic)) is_lease_changed_ = true;
}

asio::awaitable<void> FeedIntake::ask_hub() {
  lease_.asked_at = parts_.clock.now();
  lease_.is_asked = true;
  // Before the hub is asked: it may want to know at once whether it was meant.
  co_await save_lease();
  Polled asked;
  co_await guard(send_to_hub(asked.what), asked);
  const bool was_failing = std::exchange(said_hub_failing_, !asked.what.empty());
  if (asked.what.empty() || was_failing) co_return;
  log::warn("hub.failing", {{"source", feed_.name},
                            {"hub", url_for_logs(lease_.hub)},
                            {"what", asked.what},
                            {"next", "the feed is asked as before; the hub again in an hour"}});
}

// `failure` stays empty when the hub has taken the question.
asio::awaitable<void> FeedIntake::send_to_hub(std::string& failure) {
  HttpRequest request;
  request.method = "POST";
  request.url = lease_.hub;
  request.headers = {{"User-Agent", parts_.user_agent},
                     {"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = subscription_form(lease_, parts_.callback + lease_.token);
  const auto turn = co_await parts_.turns.take(host_of_url(lease_.hub));
  const auto response = co_await client_.send(std::move(request));
  if (!response)
    failure = response.error().message;
  else if (response->status < 200 || response->status > 299)
    failure = fmt::format("answered {}", response->status);
}

bool FeedIntake::has_token(std::string_view token) const {
  return !lease_.token.empty() && constant_time_equal(lease_.token, token);
}

bool FeedIntake::answer_hub(const HubIntent& intent) {
  const bool is_granted = confirm_intent(lease_, intent, parts_.clock.now());
  const bool is_denied = !is_granted && take_denial(lease_, intent);
  if (is_granted)
    log::info("hub.subscribed", {{"source", feed_.name},
                                 {"hub", url_for_logs(lease_.hub)},
                                 {"until", to_rfc3339(*lease_.expires_at)}});
  if (is_denied) log::warn("hub.denied", {{"source", feed_.name}, {"hub", url_for_logs(lease_.hub)}});
  is_lease_changed_ = is_lease_changed_ || is_granted || is_denied;
  hub_called_.ring();
  return is_granted || is_denied;
}

void FeedIntake::take_delivery(std::string_view signature, std::string_view content_type, std::string body) {
  if (!is_signed(signature, lease_.secret, body)) {
    log::warn("hub.unsigned", {{"source", feed_.name}, {"next", "the delivery is dropped"}});
    return;
  }
  // More than that is what the next fetch brings.
  if (deliveries_.size() == max_waiting_deliveries) deliveries_.pop_front();
  deliveries_.push_back({std::string(content_type), std::move(body)});
  hub_called_.ring();
}

// Its stories, and nothing about the feed: a hub may send only what is new of it.
asio::awaitable<void> FeedIntake::read_delivery(Delivery delivery) {
  if (!memory_.noted_at) co_return;  // the backlog is noted by a fetch
  Polled polled;
  const auto pace = memory_.pace;
  const auto seen = seen_;
  polled.answer.url = lease_.topic;
  polled.answer.headers = {{"content-type", delivery.content_type}};
  polled.answer.body = std::move(delivery.body);
  co_await guard(take_body(polled), polled);
  memory_.pace = pace;
  seen_.insert(seen.begin(), seen.end());
  if (polled.said.result == PollResult::failed)
    log::warn("hub.unreadable", {{"source", feed_.name}, {"what", polled.what}});
}

}  // namespace crier
