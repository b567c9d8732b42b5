// What the commands share: loading the configuration, reading stories and opening the database to look.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.hpp"
#include "app/config.hpp"
#include "base/result.hpp"
#include "db/sqlite.hpp"
#include "story/story.hpp"

namespace crier {

/// load_config, for commands: a long one shows how far it is.
Config load_with_progress(const std::filesystem::path& path, Diagnostics& diagnostics,
                          LoadOptions options = {});
/// Prints all complaints to standard error and sets `code` (78) when there are any. Reads --rules FILE, if
/// the command has that option; 66 when there is no such file.
/// `on_progress`, when given, is told in place of the terminal.
std::optional<Config> load_config_or_complain(const CommandLine& line, int& code,
                                              std::function<void(std::size_t, std::size_t)> on_progress = {});
/// The same without topics, editions, subscribers and tests: for commands that ask the database.
std::optional<Config> load_settings_or_complain(const CommandLine& line, int& code);
/// The configuration as it would be with a file of rules (RulesFile::is_change); as it is when that is empty.
std::optional<Config> load_changed_config_or_complain(const CommandLine& line,
                                                      const std::filesystem::path& rules, int& code);

/// What is known about a file beside its bytes; empty = nothing.
struct FileOrigin {
  std::string url;
  std::string format;
  ResponseHeaders headers;  ///< names in lower case
};

/// Parses one file as the sources of this configuration would. Warnings go to standard error.
Result<ParsedSource> parse_file(const std::filesystem::path& path, const Config& config,
                                FileOrigin origin = {});

/// The STORY argument in the words of --help, a sentence and nothing after it.
constexpr std::string_view story_argument_help =
    "STORY is a file, FILE#ID where a file holds several stories, or the id of one that was seen.";

/// A story by file name, FILE#ID where the file holds several, or the id (or its beginning) of one that was
/// seen. Of several without an ID it is the first, and a warning on standard error says so.
Result<Story> find_story(const std::string& name, const Config& config);

/// The database of `config`, read-only; nullptr when there is none yet.
std::unique_ptr<Sqlite> open_database(const Config& config);

std::filesystem::path database_path(const Config& config);

/// Fills what a source adds to the stories that come by it: its name, and the URL of those that have none,
/// with the id in place of "{id}".
void complete_story(Story& story, std::string_view source, std::string_view url);

}  // namespace crier
