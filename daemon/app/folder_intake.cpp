#include "app/folder_intake.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <sys/stat.h>

#include "app/failed_files.hpp"
#include "app/story_input.hpp"
#include "app/take_story.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/finally.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/workers.hpp"
#include "schedule/backoff.hpp"
#include "story/folder_source.hpp"
#include "story/parse.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr std::array<Duration, 6> retry_steps{std::chrono::seconds(1),  std::chrono::seconds(5),
                                              std::chrono::seconds(15), std::chrono::minutes(1),
                                              std::chrono::minutes(2),  std::chrono::minutes(5)};

std::optional<struct stat> stamp_of(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? std::optional(info) : std::nullopt;
}

// When it was put where it is: copying and renaming renew the time of its last status change, whatever age
// they preserve.
Time changed_at(const struct stat& stamp) {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::seconds(stamp.st_ctim.tv_sec) +
                                                   std::chrono::nanoseconds(stamp.st_ctim.tv_nsec)));
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
         a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

// In seconds: some file systems know no more.
bool is_before(Time put_at, Time time) {
  return std::chrono::floor<std::chrono::seconds>(put_at) < std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

FolderIntake::FolderIntake(Parts parts, FolderConfig folder, Time watched_since)
    : parts_(std::move(parts)), folder_(std::move(folder)), watched_since_(watched_since) {}

asio::awaitable<void> FolderIntake::run() {
  using namespace asio::experimental::awaitable_operators;
  FolderSource source(folder_.path, folder_.options, parts_.clock, parts_.workers);
  has_unread_.emplace(co_await asio::this_coro::executor);
  is_waiting_.emplace(co_await asio::this_coro::executor);
  co_await (source.run([this](std::filesystem::path path) { return take_file(std::move(path)); }) ||
            retry_unread() || take_waiting());
}

void FolderIntake::try_again(const std::filesystem::path& path, const std::string& reason) {
  auto& unread = unread_[path];
  ++unread.failures;
  const auto wait = backoff(retry_steps, unread.failures, std::nullopt, std::hash<std::string>{}(path));
  unread.next_try = parts_.clock.now() + wait;
  log::warn("story.unread", {{"source", folder_.name}, {"what", reason}, {"retry_in", to_string(wait)}});
  has_unread_->ring();
}

asio::awaitable<void> FolderIntake::retry_unread() {
  for (;;) {
    if (unread_.empty()) co_await has_unread_->wait();
    if (unread_.empty()) continue;
    const auto next =
        std::ranges::min_element(unread_, {}, [](const auto& each) { return each.second.next_try; });
    if (parts_.clock.now() < next->second.next_try) {
      co_await has_unread_->wait_until(parts_.clock, next->second.next_try);
      continue;
    }
    next->second.next_try = parts_.clock.now() + retry_steps.back();  // should taking it end by an exception
    co_await hand_over([this](std::filesystem::path file) { return take_file(std::move(file)); },
                       next->first);
  }
}

void FolderIntake::set_aside_refused(const std::filesystem::path& path, const std::string& reason) const {
  const auto moved = set_aside(path, folder_.failed, reason);
  if (moved)
    log::info("story.set_aside", {{"source", folder_.name}, {"file", moved->string()}});
  else
    log::error("story.not_set_aside", {{"source", folder_.name}, {"what", moved.error().message}});
}

asio::awaitable<void> FolderIntake::take_file(std::filesystem::path path) {
  // What waits there was written before.
  std::erase_if(waiting_, [&](const Waiting& each) { return each.path == path; });
  Waiting file{std::move(path), parts_.intake.stops()};
  const auto taken = co_await take_stories(file, false);
  if (taken) co_return;
  if (!has_waiting())
    log::error(
        "story.unstored",
        {{"source", folder_.name},
         {"file", file.path.string()},
         {"what", taken.error().message},
         {"next", "it is read again when there is room, and so are others; what stops a story is taken"}});
  waiting_.push_back(std::move(file));
  is_waiting_->ring();
}

asio::awaitable<void> FolderIntake::take_waiting() {
  for (;;) {
    if (waiting_.empty())
      co_await is_waiting_->wait();
    else if (!parts_.intake.takes_stories())
      co_await parts_.clock.sleep_for(std::chrono::seconds(1));
    else
      co_await hand_over([this](const std::filesystem::path&) { return take_next_waiting(); },
                         waiting_.front().path);
  }
}

asio::awaitable<void> FolderIntake::take_next_waiting() {
  const auto file = std::move(waiting_.front());
  waiting_.pop_front();
  takes_waiting_ = true;
  const Finally end([this] { takes_waiting_ = false; });
  const auto taken = co_await take_stories(file, true);
  if (taken) {
    failure_.clear();
    co_return;
  }
  if (failure_ != taken.error().message) {
    failure_ = taken.error().message;
    log::error("story.unstored", {{"source", folder_.name},
                                  {"file", file.path.string()},
                                  {"what", failure_},
                                  {"next", "trying every five seconds"}});
  }
  waiting_.push_front(file);
  co_await parts_.clock.sleep_for(std::chrono::seconds(5));
}

// An Error when usable stories of it could not be taken: they were not, nor any behind them.
asio::awaitable<Result<void>> FolderIntake::take_stories(const Waiting& file, bool has_waited) {
  const auto& path = file.path;
  const auto config = parts_.config();
  std::optional<struct stat> before;
  auto parsed = co_await parts_.workers.run([&]() -> Result<ParsedSource, FileError> {
    before = stamp_of(path);
    const auto bytes = read_file(path, max_story_bytes, Links::refuse);
    if (!bytes) return bytes.error();
    ParseOptions options;
    options.file_name = path.string();
    options.vocabulary = &config->vocabulary;
    options.now = parts_.clock.now();
    options.default_zone = config->newsroom.site.zone.name();
    auto stories = parse_stories(*bytes, options);
    if (!stories) return FileError{stories.error()};
    return *std::move(stories);
  });
  if (!parsed && parsed.error().is_passing) {
    try_again(path, parsed.error().message);
    co_return Result<void>();
  }
  if (!has_waited) unread_.erase(path);
  if (!parsed) {
    log::error("story.refused", {{"source", folder_.name}, {"what", parsed.error().message}});
    parts_.metrics.story_seen(folder_.name, "refused");
    if (!folder_.failed.empty())
      co_await parts_.workers.run([&] {
        // What was put in its place meanwhile is to be read, not moved.
        const auto now = stamp_of(path);
        if (before && now && is_same_file(*before, *now)) set_aside_refused(path, parsed.error().message);
      });
    co_return Result<void>();
  }
  for (const auto& warning : has_waited ? std::vector<std::string>() : parsed->warnings)
    log::warn("story.doubtful", {{"source", folder_.name}, {"what", warning}});
  const auto put_at = before ? std::optional(changed_at(*before)) : std::nullopt;
  const bool is_backlog = !folder_.send_backlog && put_at && is_before(*put_at, watched_since_);
  std::set<std::string> listed;
  for (const auto& story : parsed->stories) listed.insert(story.id);
  Arrival arrival{.deliver = !is_backlog, .listed = &listed, .put_at = put_at};
  if (has_waited) arrival.stops_before = file.stops_before;
  Result<void> all;
  for (auto& story : parsed->stories) {
    const bool is_usable = story.status == StoryStatus::usable;
    if (is_usable && all && !has_waited && has_waiting()) all = Error{"others wait for room before it"};
    if (is_usable && !all) continue;
    if (!is_usable && has_waited) continue;  // taken when the file came
    story.source = folder_.name;
    complete_story(story, folder_.name, folder_.url);
    const auto accepted = co_await take_story(parts_.intake, parts_.clock, std::move(story), arrival);
    if (!accepted) all = accepted.error();
  }
  co_return all;
}

}  // namespace crier
