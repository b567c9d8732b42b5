// FolderSource: stories as files that somebody drops into a folder.
// A coroutine on the loop; started once by App in its task group, ended by cancellation.
// It remembers nothing: after a crash or a lost event the folder is scanned again and every file handed over
// again, which the consumer must be able to take (the story log recognises what it has seen).
#pragma once

#include <filesystem>
#include <functional>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/workers.hpp"
#include "story/folder_listing.hpp"

namespace crier {

class FolderSource {
 public:
  /// Given each complete file in turn; the next waits until it has ended. What it throws is logged and stops
  /// nothing, except cancellation. The file may be gone again by the time it is read.
  using Consumer = std::function<boost::asio::awaitable<void>(std::filesystem::path)>;

  static constexpr Duration retry_after = std::chrono::seconds(10);
  static constexpr Duration default_interval = std::chrono::seconds(10);

  /// `clock` and `workers` must outlive run().
  FolderSource(std::filesystem::path folder, FolderOptions options, Clock& clock, Workers& workers);

  /// Creates the folder when it is missing, hands over what is in it in the order of names, then every file
  /// that is closed after writing or moved in, in the order it happens; with `every`, and where other
  /// machines may write to the file system, each file that has not changed between two looks. A file that
  /// waits already does not wait twice. Hidden files and those of unfinished transfers (.tmp, .part, .swp, ~
  /// …) are ignored; of folders only those that the options name are entered. Links are handed over for the
  /// consumer to refuse. When the folder goes away or cannot be watched, that is logged and tried again after
  /// retry_after; it is not created a second time, as what replaces it may be on its way. Returns only when
  /// cancelled.
  boost::asio::awaitable<void> run(Consumer consume);

 private:
  std::filesystem::path folder_;
  FolderOptions options_;
  Clock& clock_;
  Workers& workers_;
};

/// Gives one file to a consumer. What it throws is logged, except cancellation.
boost::asio::awaitable<void> hand_over(const FolderSource::Consumer& consume, std::filesystem::path file);

}  // namespace crier
