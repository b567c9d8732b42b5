#include "channel/webhook_channel.hpp"

#include <algorithm>
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

Outcome cannot_compose(const Error& why) {
  Outcome outcome;
  outcome.kind = OutcomeKind::refused;
  outcome.reason = "cannot-compose";
  outcome.reply = why.message;
  return outcome;
}

}  // namespace

std::string webhook_id(const Outgoing& message) {
  return "msg_" + message.delivery_id;
}

std::string WebhookForm::body_for(std::string_view subscriber) const {
  return before + json::serialize(json::string(subscriber)) + after;
}

Result<WebhookForm> prepare_webhook(const Letter& letter) {
  json::array stories;
  for (std::size_t i = 0; i < letter.content.items.size(); ++i)
    stories.push_back(story_json(*letter.stories[i], letter.content.items[i]));
  json::object data{{"subscriber", nullptr}, {"reason", letter.reason}};
  const bool is_alert = letter.edition.empty();
  if (is_alert) {
    data["story"] = std::move(stories.front());
  } else {
    data["edition"] = letter.edition;
    data["stories"] = std::move(stories);
    data["left_out"] = letter.content.left_out;
  }
  const auto body = webhook_body(is_alert ? "story.published" : "edition.published", letter.created, data);
  if (!body) return body.error();
  // Nothing that stands before it is the story's.
  constexpr std::string_view nobody = "null";
  const auto place = body->find(nobody);
  return WebhookForm{body->substr(0, place), body->substr(place + nobody.size())};
}

WebhookChannel::WebhookChannel(WebhookSender& sender, unsigned connections)
    : sender_(sender), connections_(connections) {}

std::span<const Duration> WebhookChannel::retry_steps() const {
  using namespace std::chrono_literals;
  static constexpr std::array<Duration, 9> steps{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  return steps;
}

const Result<WebhookForm>& WebhookChannel::form_of(const std::shared_ptr<const Letter>& letter) {
  const auto found = std::ranges::find(prepared_, letter, &Prepared::letter);
  if (found != prepared_.end()) return found->form;
  constexpr std::size_t most_kept = 64;
  if (prepared_.size() == most_kept) prepared_.pop_back();
  prepared_.push_front({letter, prepare_webhook(*letter)});
  return prepared_.front().form;
}

boost::asio::awaitable<std::vector<Outcome>> WebhookChannel::send(std::span<const Outgoing> messages) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(messages.size());
  for (const auto& message : messages) {
    const auto& form = form_of(message.letter);
    if (!form) {
      outcomes.push_back(cannot_compose(form.error()));
      continue;
    }
    auto body = form->body_for(message.subscriber.id());
    WebhookEndpoint endpoint{message.address, message.subscriber.webhook_secrets()};
    outcomes.push_back(co_await sender_.send(std::move(endpoint), webhook_id(message), std::move(body)));
  }
  co_return outcomes;
}

}  // namespace crier
