#include "channel/webhook_channel.hpp"

#include <array>

#include <boost/json.hpp>

namespace crier {
namespace {

namespace json = boost::json;

json::object story_json(const Story& story, const Item& item) {
  auto out = to_json(story);
  out.erase("body_text");
  out.erase("body_html");
  if (!item.summary.empty()) out["summary"] = item.summary;
  return out;
}

}  // namespace

std::string webhook_id(const Outgoing& message) {
  return "msg_" + message.delivery_id;
}

Result<std::string> compose_webhook(const Outgoing& message) {
  json::array stories;
  const auto& letter = *message.letter;
  for (std::size_t i = 0; i < letter.content.items.size(); ++i)
    stories.push_back(story_json(*letter.stories[i], letter.content.items[i]));
  json::object data{{"subscriber", message.subscriber->id}, {"reason", letter.reason}};
  if (letter.edition.empty()) {
    data["story"] = std::move(stories.front());
    return webhook_body("story.published", letter.created, data);
  }
  data["edition"] = letter.edition;
  data["stories"] = std::move(stories);
  data["left_out"] = letter.content.left_out;
  return webhook_body("edition.published", letter.created, data);
}

WebhookChannel::WebhookChannel(WebhookSender& sender, unsigned connections)
    : sender_(sender), connections_(connections) {}

std::span<const Duration> WebhookChannel::retry_steps() const {
  using namespace std::chrono_literals;
  static constexpr std::array<Duration, 9> steps{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  return steps;
}

boost::asio::awaitable<Outcome> WebhookChannel::send_one(const Outgoing& message) {
  auto body = compose_webhook(message);
  if (!body) {
    Outcome outcome;
    outcome.kind = OutcomeKind::refused;
    outcome.reason = "cannot-compose";
    outcome.reply = body.error().message;
    co_return outcome;
  }
  WebhookEndpoint endpoint{message.subscriber->address(ChannelKind::webhook),
                           message.subscriber->webhook_secrets};
  co_return co_await sender_.send(std::move(endpoint), webhook_id(message), std::move(*body));
}

boost::asio::awaitable<std::vector<Outcome>> WebhookChannel::send(std::span<const Outgoing> messages) {
  std::vector<Outcome> outcomes;
  for (const auto& message : messages) outcomes.push_back(co_await send_one(message));
  co_return outcomes;
}

}  // namespace crier
