#include "story/folder_watch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

[[noreturn]] void throw_errno(const char* what) {
  throw boost::system::system_error(errno, boost::system::system_category(), what);
}

}  // namespace

FolderWatch::FolderWatch(const asio::any_io_executor& executor, std::filesystem::path root,
                         FolderOptions options)
    : root_(std::move(root)), options_(std::move(options)), events_(executor) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) throw_errno("inotify_init1");
  events_.assign(fd);
  events_.non_blocking(true);
}

// Watched first, listed then: what arrives in between comes twice.
std::vector<std::string> FolderWatch::enter(const std::string& folder) {
  auto stories = find_stories(root_, options_, folder, [this](const std::string& each) { add(each); });
  if (!stories && folder.empty()) throw std::runtime_error(stories.error().message);
  if (!stories) return {};  // it is gone again
  std::erase_if(*stories, [this](const std::string& name) { return is_being_written(root_ / name); });
  return *std::move(stories);
}

void FolderWatch::add(const std::string& folder) {
  constexpr std::uint32_t of_files = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR;
  constexpr std::uint32_t of_root = IN_DELETE_SELF | IN_MOVE_SELF;
  constexpr std::uint32_t of_folders = IN_MOVED_FROM;
  const bool is_root = folder.empty();
  const auto mask = of_files | (is_root ? of_root : 0) | (options_.recursive ? of_folders : 0);
  const int watch = ::inotify_add_watch(events_.native_handle(), (root_ / folder).c_str(), mask);
  if (watch < 0) {
    if (is_root || errno == ENOSPC) throw_errno("inotify_add_watch");
    log::warn("folder.not_watched", {{"folder", (root_ / folder).string()}, {"what", std::strerror(errno)}});
    return;
  }
  folders_[watch] = folder;
  if (is_root) root_watch_ = watch;
}

// A folder that was moved away: its watches would go with it.
void FolderWatch::leave(const std::string& folder) {
  std::erase_if(folders_, [&](const auto& entry) {
    const auto& [watch, path] = entry;
    const bool is_in = path == folder || path.starts_with(folder + "/");
    if (is_in) ::inotify_rm_watch(events_.native_handle(), watch);
    return is_in;
  });
}

asio::awaitable<void> FolderWatch::wait() {
  co_await events_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
}

FolderEvents FolderWatch::read_events() {
  FolderEvents events;
  for (;;) {
    const auto got = ::read(events_.native_handle(), buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return events;
    if (got <= 0) throw_errno("read of inotify");
    take({buffer_.data(), static_cast<std::size_t>(got)}, events);
  }
}

void FolderWatch::take(std::string_view bytes, FolderEvents& events) {
  while (bytes.size() >= sizeof(inotify_event)) {
    inotify_event event;
    std::memcpy(&event, bytes.data(), sizeof event);
    const auto padded = bytes.substr(sizeof event, event.len);
    bytes.remove_prefix(std::min(bytes.size(), sizeof event + event.len));
    const auto has = [mask = event.mask](std::uint32_t flags) { return (mask & flags) != 0; };
    events.were_lost = events.were_lost || has(IN_Q_OVERFLOW);
    const auto folder = folders_.find(event.wd);
    if (folder == folders_.end()) continue;  // one that was left
    if (event.wd == root_watch_)
      lost_ = lost_ || has(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED);
    if (has(IN_IGNORED) || padded.empty()) {
      if (has(IN_IGNORED)) folders_.erase(folder);
      continue;
    }
    const std::string name(padded.substr(0, padded.find('\0')));  // the kernel pads names with NUL
    const auto path = folder->second.empty() ? name : folder->second + "/" + name;
    if (has(IN_ISDIR)) {
      if (has(IN_MOVED_FROM)) leave(path);
      if (has(IN_CREATE | IN_MOVED_TO) && is_story_folder(root_, options_, path))
        events.folders.push_back(path);
    } else if (is_story_name(name)) {
      if (has(IN_CREATE)) events.created.push_back(path);
      if (has(IN_CLOSE_WRITE | IN_MOVED_TO)) events.finished.push_back(path);
    }
  }
}

}  // namespace crier
