#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "channel/email_channel.hpp"
#include "channel/webhook_channel.hpp"
#include "channel/whatsapp_channel.hpp"
#include "dispatch/compose.hpp"
#include "dispatch/planner.hpp"
#include "outbox/digest_items.hpp"
#include "render/dkim.hpp"
#include "story/story_log.hpp"
#include "text/analyzer.hpp"

namespace crier {
namespace {

namespace json = boost::json;

// A message to one subscriber before it takes the form of a channel, and the stories it points to.
struct Draft {
  std::vector<Story> stories;
  Letter letter;
};

struct WaitingStory {
  Story story;
  std::string reason;
};

// The stories that wait for an edition and this subscriber, the most important first.
std::vector<WaitingStory> waiting_stories(const Config& config, const std::string& edition,
                                          const Subscriber& subscriber, Time now) {
  std::vector<WaitingStory> stories;
  const auto db = open_database(config);
  if (!db) return stories;
  auto row = db->query("SELECT number FROM subscriber_number WHERE id = ?");
  row.bind(0, subscriber.id());
  if (!row.step()) return stories;
  const auto number = static_cast<std::uint32_t>(row.integer(0));
  for (const auto channel : all_channels) {
    for (const auto& pending : pending_items(*db, edition, channel, now)) {
      const auto& item = pending.item;
      const bool is_there = std::ranges::any_of(
          stories, [&](const WaitingStory& waiting) { return waiting.story.id == item.story_id; });
      if (is_there || !position_of(item.audience, number)) continue;
      if (auto story = load_story(*db, item.story_id, item.story_version))
        stories.push_back({std::move(*story), std::string(reason_for(item.audience, number))});
    }
  }
  return stories;
}

// Why the subscriber would get it; a preview may also be asked for a story that does not match.
std::string why_matched(const Newsroom& newsroom, const Story& story, const Subscriber& subscriber,
                        Time now) {
  const auto analysed = analyze(story, newsroom.site.language);
  const auto decisions = decide(newsroom, story, analysed, newsroom.book->match(analysed), now);
  for (const auto& decision : decisions.list) {
    if (decision.subscriber == subscriber.index()) return decisions.reasons[decision.reason];
  }
  return "This is a preview; no rule of yours matches";
}

Result<Draft> draft_story(const Config& config, const std::string& name, const Subscriber& subscriber,
                          ChannelKind channel, Time now) {
  Draft draft;
  auto story = find_story(name, config);
  if (!story) return story.error();
  draft.stories.push_back(std::move(*story));
  draft.letter.content = compose_alert(config.newsroom, draft.stories.front(), subscriber, channel);
  draft.letter.reason = why_matched(config.newsroom, draft.stories.front(), subscriber, now);
  return draft;
}

Result<Draft> draft_edition(const Config& config, const Edition& edition, const Subscriber& subscriber,
                            ChannelKind channel, Time now) {
  Draft draft;
  auto waiting = waiting_stories(config, edition.name, subscriber, now);
  if (waiting.empty())
    return Error{fmt::format("nothing waits for {} in edition {}", subscriber.id(), edition.name)};
  DigestStories stories;
  stories.left_out = waiting.size() - std::min(waiting.size(), edition.max_items);
  waiting.resize(waiting.size() - stories.left_out);
  for (auto& each : waiting) draft.stories.push_back(std::move(each.story));
  for (std::size_t i = 0; i < waiting.size(); ++i)
    stories.chosen.push_back({&draft.stories[i], std::move(waiting[i].reason)});
  const auto next = next_occurrences(edition.recurrence, now, 1);
  const auto nominal = next.empty() ? std::string() : to_string(next.front().nominal);
  draft.letter.content = compose_digest(config.newsroom, edition, nominal, stories, subscriber, channel);
  draft.letter.edition = edition.name;
  draft.letter.reason = "You follow " + edition.title;
  return draft;
}

// What does not depend on the story.
Outgoing complete(Draft& draft, const Config& config, const Subscriber& subscriber, ChannelKind channel,
                  Time now) {
  for (const auto& story : draft.stories) draft.letter.stories.push_back(&story);
  draft.letter.created = now;
  draft.letter.templates = config.newsroom.templates;
  Outgoing message{std::make_shared<const Letter>(std::move(draft.letter)),
                   "preview-0",
                   0,
                   subscriber,
                   subscriber.name(),
                   subscriber.address(channel),
                   {}};
  if (!config.newsroom.public_url.empty())
    message.unsubscribe_url = config.newsroom.public_url + "/u/preview";
  return message;
}

// The files one channel's form makes: name → content. The first is what is printed without --out.
using Files = std::vector<std::pair<std::string, std::string>>;

Result<Files> preview_on(const Config& config, ChannelKind channel, const Outgoing& message) {
  switch (channel) {
    case ChannelKind::email: {
      auto email = compose_email({config.email->from, config.email->from_name}, message);
      if (!email) return email.error();
      if (const auto& signer = config.email->dkim)
        email->message.insert(
            0, signer->sign(std::array{WireText(email->message)}, {}, message.letter->created));
      return Files{{"email.txt", "Subject: " + email->subject + "\n\n" + email->text},
                   {"email.html", email->html},
                   {"email.eml", email->message}};
    }
    case ChannelKind::whatsapp: {
      const auto& whatsapp = *config.whatsapp;
      auto body = whatsapp_request_body(compose_whatsapp(
          {whatsapp.template_name, whatsapp.language, whatsapp.parameters, whatsapp.button_prefix}, message));
      if (!body) return Error{body.error().message};
      return Files{{"whatsapp.json", *body + "\n"}};
    }
    case ChannelKind::webhook: {
      auto form = prepare_webhook(*message.letter);
      if (!form) return form.error();
      return Files{{"webhook.json", form->body_for(message.subscriber.id()) + "\n"}};
    }
  }
  return Files{};
}

std::vector<ChannelKind> reachable(const Config& config, const Subscriber& subscriber) {
  std::vector<ChannelKind> out;
  if (config.email && subscriber.is_on(ChannelKind::email)) out.push_back(ChannelKind::email);
  if (config.whatsapp && subscriber.is_on(ChannelKind::whatsapp)) out.push_back(ChannelKind::whatsapp);
  if (config.webhook && subscriber.is_on(ChannelKind::webhook)) out.push_back(ChannelKind::webhook);
  return out;
}

int show(const CommandLine& line, const Files& files) {
  const auto out = line.get("out");
  if (!out) {
    fmt::print("{}", files.front().second);
    return exit_code::ok;
  }
  for (const auto& [name, content] : files) {
    const auto path = std::filesystem::path(*out) / name;
    const auto written = write_file_atomically(path, content);
    if (!written) return line.fail(exit_code::io, written.error().message);
    fmt::print("{}\n", path.string());
  }
  return exit_code::ok;
}

}  // namespace

int preview_command(const Words& words) {
  CommandLine line("preview", "STORY|EDITION --to SUBSCRIBER [--channel CHANNEL] [--out DIR]",
                   "Shows what a subscriber would be sent for a story, or with the next occurrence of an\n"
                   "edition. Nothing is sent. With --out the files are written there:\n"
                   "email.html, email.txt, email.eml, whatsapp.json, webhook.json.\n" +
                       std::string(story_argument_help));
  line.option("to", "SUBSCRIBER", "for whom (required)")
      .option("channel", "CHANNEL", "email, whatsapp or webhook (default: all that reach the subscriber)")
      .option("out", "DIR", "write files instead of printing")
      .common();
  if (const auto code = line.read(words, 1, 1)) return *code;
  if (!line.has("to")) return line.usage_error("name the subscriber with --to");
  int code = exit_code::ok;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  const auto subscriber = config->newsroom.book->find(*line.get("to"));
  if (!subscriber)
    return line.fail(exit_code::missing_input, fmt::format("there is no subscriber \"{}\"", *line.get("to")));
  auto channels = reachable(*config, *subscriber);
  if (const auto name = line.get("channel")) {
    const auto channel = parse_channel(*name);
    if (!channel) return line.usage_error("--channel must be email, whatsapp or webhook");
    if (std::ranges::find(channels, *channel) == channels.end())
      return line.fail(exit_code::bad_data,
                       fmt::format("{} cannot be reached by {}", subscriber->id(), *name));
    channels = {*channel};
  }
  const auto now = SystemClock().now();
  const auto& what = line.arguments()[0];
  const auto* edition = config->newsroom.find_edition(what);
  json::object all;
  for (const auto channel : channels) {
    auto draft = edition != nullptr ? draft_edition(*config, *edition, *subscriber, channel, now)
                                    : draft_story(*config, what, *subscriber, channel, now);
    if (!draft)
      return line.fail(edition != nullptr ? exit_code::no_match : exit_code::missing_input,
                       draft.error().message);
    const auto message = complete(*draft, *config, *subscriber, channel, now);
    const auto files = preview_on(*config, channel, message);
    if (!files) return line.fail(exit_code::bad_data, files.error().message);
    if (line.json()) {
      for (const auto& [name, content] : *files) all[name] = content;
    } else if (const auto shown = show(line, *files); shown != exit_code::ok) {
      return shown;
    }
  }
  if (line.json()) fmt::print("{}\n", json::serialize(all));
  return exit_code::ok;
}

}  // namespace crier
