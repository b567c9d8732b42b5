#include "app/story_input.hpp"

#include <utility>

#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "app/progress.hpp"
#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/suggest.hpp"
#include "db/schema.hpp"
#include "story/recognition.hpp"
#include "story/story_log.hpp"

namespace crier {

namespace {

std::optional<Config> unless_wrong(Config config, const Diagnostics& diagnostics, int& code) {
  if (diagnostics.empty()) return config;
  for (const auto& diagnostic : diagnostics.list()) fmt::print(stderr, "{}\n", to_string(diagnostic));
  code = exit_code::configuration;
  return std::nullopt;
}

// A file of rules that is not there is a missing input, not a mistake in it.
bool has_rules_file(const CommandLine& line, const std::filesystem::path& rules, int& code) {
  std::error_code ignored;
  if (rules.empty() || std::filesystem::exists(rules, ignored)) return true;
  code = line.fail(exit_code::missing_input, fmt::format("{}: there is no such file", rules.string()));
  return false;
}

Result<Story> first_story(const std::string& file, std::vector<Story> stories) {
  if (stories.empty()) return Error{fmt::format("{}: there is no story in it", file)};
  if (stories.size() > 1)
    fmt::print(stderr, "warning: {}: this is about the first of {} stories, \"{}\"; name another as {}#ID\n",
               file, stories.size(), stories.front().id, file);
  return std::move(stories.front());
}

Result<Story> story_of_file(const std::string& file, const std::string& id, const Config& config) {
  auto parsed = parse_file(file, config);
  if (!parsed) return parsed.error();
  std::vector<std::string_view> known;
  for (auto& story : parsed->stories) {
    if (story.id == id) return std::move(story);
    known.push_back(story.id);
  }
  return Error{fmt::format("{}: there is no story \"{}\" in it{}", file, id, did_you_mean(id, known))};
}

}  // namespace

Config load_with_progress(const std::filesystem::path& path, Diagnostics& diagnostics, LoadOptions options) {
  if (options.on_progress) return load_config(path, diagnostics, options);
  const SystemClock clock;
  std::optional<Progress> progress;
  std::size_t shown = 0;
  options.on_progress = [&](std::size_t done, std::size_t total) {
    if (!progress) progress.emplace(clock, "subscribers", static_cast<std::int64_t>(total));
    progress->advance(static_cast<std::int64_t>(done - std::exchange(shown, done)));
  };
  return load_config(path, diagnostics, options);
}

std::optional<Config> load_config_or_complain(const CommandLine& line, int& code,
                                              std::function<void(std::size_t, std::size_t)> on_progress) {
  Diagnostics diagnostics;
  const std::filesystem::path rules = line.get("rules").value_or("");
  if (!has_rules_file(line, rules, code)) return std::nullopt;
  auto config = load_with_progress(line.config(), diagnostics,
                                   {.rules_file = rules, .on_progress = std::move(on_progress)});
  return unless_wrong(std::move(config), diagnostics, code);
}

std::optional<Config> load_settings_or_complain(const CommandLine& line, int& code) {
  Diagnostics diagnostics;
  auto config = load_config(line.config(), diagnostics, {.settings_only = true});
  return unless_wrong(std::move(config), diagnostics, code);
}

std::optional<Config> load_changed_config_or_complain(const CommandLine& line,
                                                      const std::filesystem::path& rules, int& code) {
  if (!has_rules_file(line, rules, code)) return std::nullopt;
  Diagnostics diagnostics;
  auto config = load_with_progress(line.config(), diagnostics,
                                   {.rules_file = rules, .rules_are = RulesFile::is_change});
  return unless_wrong(std::move(config), diagnostics, code);
}

Result<ParsedSource> parse_file(const std::filesystem::path& path, const Config& config, FileOrigin origin) {
  const auto bytes = read_file(path, max_story_bytes);
  if (!bytes) return bytes.error();
  ParseOptions options;
  options.file_name = path.string();
  options.format = std::move(origin.format);
  options.url = std::move(origin.url);
  options.headers = std::move(origin.headers);
  options.vocabulary = &config.vocabulary;
  options.default_zone = config.newsroom.site.zone.name();
  auto parsed = parse_stories(*bytes, options);
  if (parsed) {
    for (const auto& warning : parsed->warnings) fmt::print(stderr, "warning: {}\n", warning);
    if (config.folders.empty()) return parsed;
    const auto& folder = config.folders.front();
    for (auto& story : parsed->stories) complete_story(story, folder.name, folder.url);
  }
  return parsed;
}

Result<Story> find_story(const std::string& name, const Config& config) {
  std::error_code ignored;
  if (std::filesystem::exists(name, ignored)) {
    auto parsed = parse_file(name, config);
    if (!parsed) return parsed.error();
    return first_story(name, std::move(parsed->stories));
  }
  const auto hash = name.rfind('#');
  if (hash != std::string::npos && std::filesystem::exists(name.substr(0, hash), ignored))
    return story_of_file(name.substr(0, hash), name.substr(hash + 1), config);
  const auto db = open_database(config);
  if (!db) return Error{fmt::format("{}: there is no such file, and no story has been seen yet", name)};
  const auto id = resolve_story_id(*db, name);
  if (!id) return Error{fmt::format("{}: there is no such file, and {}", name, id.error().message)};
  return load_story(*db, *id);
}

std::filesystem::path database_path(const Config& config) {
  return config.state / "crier.db";
}

std::unique_ptr<Sqlite> open_database(const Config& config) {
  const auto path = database_path(config);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return nullptr;
  auto db = std::make_unique<Sqlite>(path, Sqlite::Mode::read_only);
  if (!has_current_schema(*db))
    throw std::runtime_error(path.string() +
                             " was written by another version of crier; start crier serve once");
  return db;
}

void complete_story(Story& story, std::string_view source, std::string_view url) {
  if (story.source.empty()) story.source = source;
  if (!story.url.empty() || url.empty()) return;
  story.url = url;
  constexpr std::string_view slot = "{id}";
  if (const auto at = story.url.find(slot); at != std::string::npos)
    story.url.replace(at, slot.size(), percent_encode(story.id));
}

}  // namespace crier
