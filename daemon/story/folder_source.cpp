#include "story/folder_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <string>
#include <unordered_set>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/result.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

bool is_story_name(std::string_view name) {
  static constexpr std::array<std::string_view, 8> unfinished{".tmp", ".part", ".partial",    ".filepart",
                                                              ".swp", ".swx",  ".crdownload", "~"};
  if (name.empty() || name.starts_with('.')) return false;
  const auto lower = ascii_lower(name);
  // ".tmp-…" is what write_file_atomically() renames from.
  return lower.find(".tmp-") == std::string::npos &&
         std::none_of(unfinished.begin(), unfinished.end(),
                      [&](auto ending) { return lower.ends_with(ending); });
}

// Whether somebody has the file open for writing: then no read lease is to be had (fcntl(2)). Files of other
// owners cannot be asked about and count as finished.
bool is_being_written(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  const bool refused = ::fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  ::close(fd);
  return refused;
}

// The names of the finished regular files and of the links, sorted; a file that is being written comes by its
// event when it is closed. Blocking: for a worker.
Result<std::vector<std::string>> list_stories(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;  // deleted since it was listed
    auto name = entry->path().filename().string();
    const bool is_there =
        entry->is_symlink(gone) || (entry->is_regular_file(gone) && !is_being_written(entry->path()));
    if (is_there && is_story_name(name)) names.push_back(std::move(name));
  }
  if (failed) return Error{fmt::format("{}: cannot list the folder: {}", folder.string(), failed.message())};
  std::sort(names.begin(), names.end());
  return names;
}

// Those of `names` that are links: nobody will write and close them. Blocking: for a worker.
std::vector<std::string> links_among(const std::filesystem::path& folder, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) {
    std::error_code gone;
    return !std::filesystem::is_symlink(folder / name, gone);
  });
  return names;
}

// The files that wait for the consumer, each once.
class WaitingFiles {
 public:
  bool empty() const { return order_.empty(); }
  void add(std::string name) {
    if (names_.insert(name).second) order_.push_back(std::move(name));
  }
  std::string take() {
    auto name = std::move(order_.front());
    order_.pop_front();
    names_.erase(name);
    return name;
  }

 private:
  std::deque<std::string> order_;
  std::unordered_set<std::string> names_;
};

// One inotify watch on one folder, for as long as the folder lives.
class Watch {
 public:
  /// Throws boost::system::system_error when the folder cannot be watched.
  Watch(const asio::any_io_executor& executor, const std::filesystem::path& folder) : events_(executor) {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) throw_errno("inotify_init1");
    events_.assign(fd);
    events_.non_blocking(true);
    constexpr std::uint32_t mask =
        IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (::inotify_add_watch(fd, folder.c_str(), mask) < 0) throw_errno("inotify_add_watch");
  }

  /// Returns when there are events to read.
  asio::awaitable<void> wait() {
    co_await events_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  }

  /// Takes all events that are there, without waiting.
  void read_events(WaitingFiles& waiting) {
    for (;;) {
      const auto got = ::read(events_.native_handle(), buffer_.data(), buffer_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) throw_errno("read of inotify");
      take_events({buffer_.data(), static_cast<std::size_t>(got)}, waiting);
    }
  }

  /// What was created since the last call: empty files that somebody is about to write, and links.
  std::vector<std::string> take_created() { return std::exchange(created_, {}); }
  /// The folder was deleted, moved away or unmounted.
  bool is_lost() const { return lost_; }
  /// Events were dropped since the last call: only a scan knows what happened.
  bool take_overflow() { return std::exchange(overflowed_, false); }

 private:
  [[noreturn]] static void throw_errno(const char* what) {
    throw boost::system::system_error(errno, boost::system::system_category(), what);
  }

  void take_events(std::string_view bytes, WaitingFiles& waiting) {
    while (bytes.size() >= sizeof(inotify_event)) {
      inotify_event event;
      std::memcpy(&event, bytes.data(), sizeof event);
      const auto name = bytes.substr(sizeof event, event.len);
      bytes.remove_prefix(std::min(bytes.size(), sizeof event + event.len));
      overflowed_ = overflowed_ || (event.mask & IN_Q_OVERFLOW) != 0;
      lost_ = lost_ || (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0;
      const auto file = name.substr(0, name.find('\0'));  // the kernel pads names with NUL
      if ((event.mask & IN_ISDIR) != 0 || !is_story_name(file)) continue;
      if ((event.mask & IN_CREATE) != 0) created_.emplace_back(file);
      if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) waiting.add(std::string(file));
    }
  }

  asio::posix::stream_descriptor events_;
  std::array<char, 64U << 10> buffer_{};
  std::vector<std::string> created_;
  bool overflowed_ = false;
  bool lost_ = false;
};

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string what(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

asio::awaitable<void> hand_over(const FolderSource::Consumer& consume, std::filesystem::path file) {
  std::exception_ptr failure;
  try {
    co_await consume(file);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  if (is_cancellation(failure)) std::rethrow_exception(failure);
  log::error("folder.story_failed", {{"file", file.string()}, {"what", what(failure)}});
}

// Ends by an exception: system_error when the folder cannot be watched or listed any more, or cancellation.
asio::awaitable<void> watch_folder(const std::filesystem::path& folder, Workers& workers,
                                   const FolderSource::Consumer& consume) {
  const auto executor = co_await asio::this_coro::executor;
  Watch watch(executor, folder);
  WaitingFiles waiting;
  // Watched first, scanned then: what arrives in between comes twice and waits once.
  bool scan = true;
  for (;;) {
    if (scan) {
      const auto names = co_await workers.run([&folder] { return list_stories(folder); });
      if (!names) throw std::runtime_error(names.error().message);
      for (const auto& name : *names) waiting.add(name);
    }
    if (waiting.empty()) co_await watch.wait();
    watch.read_events(waiting);
    if (auto created = watch.take_created(); !created.empty()) {
      const auto links = co_await workers.run([&] { return links_among(folder, std::move(created)); });
      for (const auto& link : links) waiting.add(link);
    }
    scan = watch.take_overflow();
    if (scan) log::warn("folder.events_lost", {{"folder", folder.string()}, {"next", "scanning it"}});
    if (watch.is_lost()) throw std::runtime_error("the folder was deleted, moved or unmounted");
    if (!waiting.empty()) co_await hand_over(consume, folder / waiting.take());
  }
}

}  // namespace

FolderSource::FolderSource(std::filesystem::path folder, Clock& clock, Workers& workers)
    : folder_(std::move(folder)), clock_(clock), workers_(workers) {}

asio::awaitable<void> FolderSource::run(Consumer consume) {
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) log::error("folder.not_created", {{"folder", folder_.string()}, {"what", failed.message()}});
  for (;;) {
    std::exception_ptr failure;
    try {
      co_await watch_folder(folder_, workers_, consume);
    } catch (...) {
      failure = std::current_exception();
    }
    if (is_cancellation(failure)) co_return;
    log::warn("folder.not_watched",
              {{"folder", folder_.string()}, {"what", what(failure)}, {"retry_in", to_string(retry_after)}});
    co_await clock_.sleep_for(retry_after);
  }
}

}  // namespace crier
