#include "app/folder_intake.hpp"

#include <chrono>
#include <utility>

#include <sys/stat.h>

#include "app/hand_in.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "story/folder_source.hpp"
#include "story/parse.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

// Whether a file was put where it is before `time`. Copying and renaming renew the time of its last status
// change, whatever age they preserve.
bool arrived_before(const std::filesystem::path& path, Time time) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return false;
  return Time(std::chrono::seconds(info.st_ctim.tv_sec)) < std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

FolderIntake::FolderIntake(Parts parts, FolderConfig folder, Time watched_since)
    : parts_(std::move(parts)), folder_(std::move(folder)), watched_since_(watched_since) {}

asio::awaitable<void> FolderIntake::run() {
  FolderSource source(folder_.path, parts_.clock, parts_.workers);
  co_await source.run([this](std::filesystem::path path) { return take_file(std::move(path)); });
}

asio::awaitable<void> FolderIntake::take_file(std::filesystem::path path) {
  const auto config = parts_.config();
  const bool is_backlog = !folder_.send_backlog && arrived_before(path, watched_since_);
  auto parsed = co_await parts_.workers.run([&]() -> Result<ParsedSource> {
    const auto bytes = read_file(path, max_story_bytes, Links::refuse);
    if (!bytes) return bytes.error();
    ParseOptions options;
    options.file_name = path.string();
    options.vocabulary = &config->vocabulary;
    options.now = parts_.clock.now();
    options.default_zone = config->newsroom.site.zone.name();
    return parse_stories(*bytes, options);
  });
  if (!parsed) {
    log::error("story.refused", {{"source", folder_.name}, {"what", parsed.error().message}});
    parts_.metrics.story_seen(folder_.name, "refused");
    co_return;
  }
  for (const auto& warning : parsed->warnings)
    log::warn("story.doubtful", {{"source", folder_.name}, {"what", warning}});
  for (auto& story : parsed->stories) {
    story.source = folder_.name;
    complete_story(story, folder_);
    co_await hand_in(parts_.intake, parts_.clock, std::move(story), !is_backlog);
  }
}

}  // namespace crier
