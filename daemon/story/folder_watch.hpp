// FolderWatch: what the kernel tells of a folder, and of the folders in it (inotify(7)). On the loop, but for
// enter(). It remembers no files: what it missed, a scan finds.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "story/folder_listing.hpp"

namespace crier {

/// Paths below the watched folder.
struct FolderEvents {
  std::vector<std::string> finished;  ///< files that were closed after writing, or moved in
  std::vector<std::string> created;   ///< files that somebody is about to write, and links
  std::vector<std::string> folders;   ///< that are new here; enter() them
  bool were_lost = false;             ///< events were dropped: only a scan knows what happened
};

class FolderWatch {
 public:
  /// Throws boost::system::system_error when inotify cannot be had.
  FolderWatch(const boost::asio::any_io_executor& executor, std::filesystem::path root,
              FolderOptions options);

  /// Watches `folder` (empty = the root), and the folders in it where they are wanted, and returns the
  /// stories that are there and not being written. Blocking: for a worker, while the loop waits for it.
  /// Throws boost::system::system_error when the root cannot be watched, and for want of watches (ENOSPC).
  std::vector<std::string> enter(const std::string& folder);

  /// Returns when there are events to read.
  boost::asio::awaitable<void> wait();
  /// Takes all events that are there, without waiting.
  FolderEvents read_events();
  /// The root was deleted, moved away or unmounted.
  bool is_lost() const { return lost_; }

 private:
  void add(const std::string& folder);
  void leave(const std::string& folder);
  void take(std::string_view bytes, FolderEvents& events);

  std::filesystem::path root_;
  FolderOptions options_;
  boost::asio::posix::stream_descriptor events_;
  std::map<int, std::string> folders_;  // by watch descriptor
  int root_watch_ = -1;
  std::array<char, 64U << 10> buffer_{};
  bool lost_ = false;
};

}  // namespace crier
