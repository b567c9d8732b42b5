#include "app/doors.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "app/story_input.hpp"
#include "audience/suppression.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "channel/share_link.hpp"
#include "db/database.hpp"
#include "dispatch/compose.hpp"
#include "dispatch/intake.hpp"
#include "http/health.hpp"
#include "http/metrics.hpp"
#include "http/push_gate.hpp"
#include "http/share_page.hpp"
#include "http/story_push.hpp"
#include "http/unsubscribe.hpp"
#include "story/parse.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

ShareInput share_input(const ShareShelf::Entry& entry, const Newsroom& newsroom) {
  Story story;
  story.id = entry.id;
  story.url = entry.url;
  return {.title = entry.title,
          .url = outgoing_url(newsroom, story, "social"),
          .via = {},
          .hashtags = {},
          .mastodon_instance = {}};
}

std::optional<http::SharedStory> shared_story(const DoorParts& parts, std::string_view id) {
  const auto* entry = parts.shelf.find(id);
  if (entry == nullptr || entry->status == StoryStatus::withheld) return std::nullopt;
  if (entry->embargo && *entry->embargo > parts.clock.now()) return std::nullopt;
  http::SharedStory shared{entry->id, entry->title, entry->url, {}, entry->status == StoryStatus::canceled};
  if (shared.killed) return shared;
  if (entry->url.empty()) return std::nullopt;
  const auto input = share_input(*entry, parts.config()->newsroom);
  for (const auto target : all_share_targets)
    shared.links.push_back({std::string(to_string(target)), share_url(target, input)});
  return shared;
}

http::SharePage share_door(const std::shared_ptr<DoorParts>& parts) {
  http::SharePage page;
  page.look_up = [parts](std::string_view id) { return shared_story(*parts, id); };
  page.render_html = [parts](const http::SharedStory& story) {
    const auto* entry = parts->shelf.find(story.id);
    return entry == nullptr ? std::string()
                            : share_snippet_html(share_input(*entry, parts->config()->newsroom));
  };
  page.style = share_snippet_style();
  return page;
}

// What an unsubscribe token is about, and the address behind it.
struct Leaving {
  ChannelKind channel;
  std::string address;
  http::Standing standing;
};

std::optional<Leaving> find_leaving(const DoorParts& parts, const std::string& token) {
  const auto target = read_unsubscribe_token(HmacSha256(parts.unsubscribe_key), token);
  if (!target) return std::nullopt;
  const auto config = parts.config();
  const auto subscriber = config->newsroom.book->by_number(target->number);
  if (!subscriber || !subscriber->is_on(target->channel)) return std::nullopt;
  const auto* what = target->channel == ChannelKind::email      ? "e-mail"
                     : target->channel == ChannelKind::whatsapp ? "WhatsApp messages"
                                                                : "webhooks";
  const auto address = subscriber->address(target->channel);
  return Leaving{target->channel,
                 address,
                 {.about = fmt::format("{} from {}", what, config->newsroom.site.name),
                  .has_left = parts.suppressions.find(target->channel, address) == "unsubscribed"}};
}

asio::awaitable<http::UnsubscribeDoor::About> look_up_leaving(std::shared_ptr<DoorParts> parts,
                                                              std::string token) {
  const auto leaving = find_leaving(*parts, token);
  co_return leaving ? std::optional(leaving->standing) : std::nullopt;
}

asio::awaitable<http::UnsubscribeDoor::About> change_leaving(std::shared_ptr<DoorParts> parts,
                                                             std::string token,
                                                             http::UnsubscribeAction action) {
  const auto leaving = find_leaving(*parts, token);
  if (!leaving) co_return std::optional<http::Standing>();
  const bool stops = action == http::UnsubscribeAction::stop;
  const auto now = parts->clock.now();
  std::string failure;
  try {
    co_await parts->database.run([&](Sqlite& db) {
      if (stops)
        SuppressionList::store(db, leaving->channel, leaving->address, "unsubscribed", now);
      else
        SuppressionList::erase_unsubscription(db, leaving->channel, leaving->address);
    });
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  if (!failure.empty()) co_return Error{failure};
  if (stops)
    parts->suppressions.add(leaving->channel, leaving->address, "unsubscribed");
  else
    parts->suppressions.resubscribe(leaving->channel, leaving->address);
  log::info(stops ? "reader.unsubscribed" : "reader.resubscribed",
            {{"channel", to_string(leaving->channel)}});
  co_return std::optional(http::Standing{leaving->standing.about, stops});
}

// What application/json may be, told by looking at it.
constexpr std::string_view any_json = "any-json";
constexpr std::array<std::string_view, 3> json_formats{"json", "ninjs", "json-feed"};

asio::awaitable<Result<http::PushedBody>> parse_pushed(std::shared_ptr<DoorParts> parts,
                                                       http::Submission submission) {
  const auto config = parts->config();
  const auto now = parts->clock.now();
  const bool is_json = submission.format == any_json;
  auto parsed = co_await parts->workers.run([&]() -> Result<http::PushedBody> {
    ParseOptions options;
    options.file_name = "request body";
    if (!is_json) options.format = submission.format;
    options.headers = submission.headers;
    options.vocabulary = &config->vocabulary;
    options.now = now;
    options.default_zone = config->newsroom.site.zone.name();
    auto parsed = parse_stories(submission.body, options);
    if (!parsed) return parsed.error();
    if (is_json && std::ranges::find(json_formats, parsed->format) == json_formats.end())
      return Error{"request body: not JSON"};
    if (parsed->stories.size() != 1)
      return Error{fmt::format("the body holds {} stories; push one at a time", parsed->stories.size())};
    auto story = std::move(parsed->stories.front());
    constexpr std::string_view source = "push";
    story.source = source;  // not for the sender to choose: rules may ask for it
    complete_story(story, source, config->push_url);
    return http::PushedBody{std::move(story), std::move(parsed->warnings)};
  });
  if (!parsed) {
    log::error("story.refused", {{"source", "push"}, {"what", parsed.error().message}});
    parts->metrics.story_seen("push", "refused");
    co_return parsed;
  }
  for (const auto& warning : parsed->warnings)
    log::warn("story.doubtful", {{"source", "push"}, {"what", warning}});
  co_return parsed;
}

std::string push_result(Novelty novelty) {
  switch (novelty) {
    case Novelty::fresh:
      return "created";
    case Novelty::update:
      return "updated";
    case Novelty::unchanged:
      return "unchanged";
    case Novelty::outdated:
      return "outdated";
    case Novelty::dead:
      return "canceled";
    case Novelty::held:
      return "withheld";
  }
  return "unchanged";
}

asio::awaitable<Result<http::PushedStory>> accept_pushed(std::shared_ptr<DoorParts> parts, Story story) {
  std::string failure;
  try {
    const auto accepted = co_await parts->intake.accept(std::move(story));
    co_return http::PushedStory{accepted.id, accepted.version, push_result(accepted.novelty)};
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  co_return Error{failure};
}

asio::awaitable<Result<std::optional<http::PushedStory>>> cancel_pushed(std::shared_ptr<DoorParts> parts,
                                                                        std::string id) {
  std::string failure;
  try {
    const auto accepted = co_await parts->intake.cancel(std::move(id));
    if (!accepted) co_return std::optional<http::PushedStory>();
    co_return std::optional(http::PushedStory{accepted->id, accepted->version, "canceled"});
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  co_return Error{failure};
}

asio::awaitable<Result<std::optional<http::PushedStory>>> split_pushed(std::shared_ptr<DoorParts> parts,
                                                                       std::string id) {
  std::string failure;
  try {
    const auto accepted = co_await parts->intake.split(std::move(id));
    if (!accepted) co_return std::optional<http::PushedStory>();
    co_return std::optional(http::PushedStory{accepted->id, accepted->version, "split"});
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  co_return Error{failure};
}

http::StoryPush push_door(const std::shared_ptr<DoorParts>& parts, std::shared_ptr<http::PushGate> gate) {
  http::StoryPush push;
  push.gate = std::move(gate);
  push.formats = {{"application/json", std::string(any_json)},
                  {"application/vnd.iptc.g2.newsitem+xml", "newsml-g2"},
                  {"application/xhtml+xml", "html"},
                  {"text/html", "html"},
                  {"text/markdown", "markdown"},
                  {"text/plain", "page-text"}};
  push.body_bytes = max_story_bytes;
  push.storage_trouble = parts->storage_trouble;
  push.parse = [parts](http::Submission submission) { return parse_pushed(parts, std::move(submission)); };
  push.accept = [parts](Story story) { return accept_pushed(parts, std::move(story)); };
  return push;
}

std::vector<http::HealthCheck> health_checks(const DoorParts& parts) {
  const auto trouble = parts.storage_trouble();
  return {
      {"draining", !parts.is_draining(), parts.is_draining() ? "shutting down" : ""},
      {"storage", trouble.empty(),
       trouble.empty() ? "" : trouble + "; no stories are taken, what is owed is still sent"},
      // A refused reload leaves the former configuration at work: nothing to take a node out for.
      {"config", true,
       parts.is_config_good() ? "" : "the last reload was refused; the former configuration is in force"}};
}

}  // namespace

http::Router public_doors(DoorParts parts) {
  const auto shared = std::make_shared<DoorParts>(std::move(parts));
  http::Router router;
  router.add("GET", "/share/{story}", http::share_page(share_door(shared)));
  http::UnsubscribeDoor door;
  door.look_up = [shared](std::string token) { return look_up_leaving(shared, std::move(token)); };
  door.change = [shared](std::string token, http::UnsubscribeAction action) {
    return change_leaving(shared, std::move(token), action);
  };
  const auto page = http::unsubscribe_page(std::move(door));
  router.add("GET", "/u/{token}", page);
  router.add("POST", "/u/{token}", page);
  const auto websub = http::websub_page(shared->websub);
  router.add("GET", "/websub/{token}", websub);
  router.add("POST", "/websub/{token}", websub);
  return router;
}

http::Router operator_doors(DoorParts parts) {
  const auto shared = std::make_shared<DoorParts>(std::move(parts));
  http::Router router;
  router.add("GET", "/livez", http::livez());
  router.add("GET", "/healthz", http::livez());
  router.add("GET", "/readyz", http::readyz([shared] { return health_checks(*shared); }));
  router.add("GET", "/metrics", http::metrics_page(shared->metrics));
  const auto gate = std::make_shared<http::PushGate>(std::vector{shared->push_token}, shared->push_keys,
                                                     [&clock = shared->clock] { return clock.now(); });
  router.add("POST", "/v1/stories", http::story_push(push_door(shared, gate)));
  const auto add_order = [&](const std::string& name, auto carry_out) {
    router.add("POST", "/v1/stories/{id}/" + name,
               http::story_order({gate, name, [shared, carry_out](std::string id) {
                                    return carry_out(shared, std::move(id));
                                  }}));
  };
  add_order("cancel", cancel_pushed);
  add_order("split", split_pushed);
  return router;
}

}  // namespace crier
