#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "channel/share_link.hpp"
#include "dispatch/compose.hpp"

namespace crier {
namespace {

Result<std::vector<ShareTarget>> read_targets(std::string_view list) {
  std::vector<ShareTarget> targets;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto word = list.substr(0, comma);
    const auto target = parse_share_target(word);
    if (!target) {
      std::string known;
      for (const auto each : all_share_targets)
        known += (known.empty() ? "" : ", ") + std::string(to_string(each));
      return Error{fmt::format("cannot share to \"{}\"; known are {}", word, known)};
    }
    targets.push_back(*target);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return targets;
}

}  // namespace

int share_command(const Words& words) {
  CommandLine line("share", "STORY|URL [--to x,email,whatsapp,…] [--title TEXT] [--html]",
                   "Prints the share links of a story or of any URL.\n" + std::string(story_argument_help));
  line.option("to", "LIST", "only these targets (default: all)")
      .option("title", "TEXT", "the title to share a URL with")
      .flag("html", "print the snippet with the three buttons Post, Email, WhatsApp")
      .common();
  if (const auto code = line.read(words, 1, 1)) return *code;
  std::vector<ShareTarget> targets(all_share_targets.begin(), all_share_targets.end());
  if (const auto list = line.get("to")) {
    auto read = read_targets(*list);
    if (!read) return line.usage_error(read.error().message);
    targets = std::move(*read);
  }
  const auto& what = line.arguments()[0];
  ShareInput input{.title = line.get("title").value_or(""),
                   .url = what,
                   .via = {},
                   .hashtags = {},
                   .mastodon_instance = {}};
  if (!what.starts_with("https://") && !what.starts_with("http://")) {
    int code = exit_code::ok;
    const auto config = load_config_or_complain(line, code);
    if (!config) return code;
    const auto story = find_story(what, *config);
    if (!story) return line.fail(exit_code::missing_input, story.error().message);
    input.title = story->title;
    input.url = outgoing_url(config->newsroom, *story, "social");
    if (input.url.empty())
      return line.fail(exit_code::bad_data,
                       "the story has no URL to share; give its source a url: in the configuration");
  }
  if (line.has("html")) {
    fmt::print("{}\n", share_snippet_html(input));
    return exit_code::ok;
  }
  boost::json::object links;
  for (const auto target : targets) {
    if (line.json())
      links[to_string(target)] = share_url(target, input);
    else
      fmt::print("{:<9} {}\n", to_string(target), share_url(target, input));
  }
  if (line.json())
    fmt::print("{}\n", boost::json::serialize(boost::json::object{
                           {"title", input.title}, {"url", input.url}, {"links", links}}));
  return exit_code::ok;
}

}  // namespace crier
