// FolderIntake: the way from a file in a source's folder to intake: read, parse, complete, hand over.
// A coroutine on the loop, one for each folder of the configuration; App starts it in its task group. It
// keeps only the names of files that are to be tried again, those that the system could not read and those
// that there is no room for: what a crash interrupts lies in the folder still.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"
#include "base/bell.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace crier {

class Clock;
class Intake;
class Metrics;
class Workers;

class FolderIntake {
 public:
  /// All of it outlives the intake.
  struct Parts {
    Workers& workers;
    Clock& clock;
    Intake& intake;
    Metrics& metrics;
    std::function<std::shared_ptr<const Config>()> config;  ///< the current snapshot
  };

  /// What was put into the folder before `watched_since` is backlog.
  FolderIntake(Parts parts, FolderConfig folder, Time watched_since);

  /// Ends by cancellation only.
  boost::asio::awaitable<void> run();

 private:
  struct Unread {
    int failures = 0;
    Time next_try{};
  };

  /// A file whose usable stories wait for room. What it stops was taken when it came.
  struct Waiting {
    std::filesystem::path path;
    std::uint64_t stops_before = 0;  ///< see Arrival
  };

  boost::asio::awaitable<void> take_file(std::filesystem::path path);
  boost::asio::awaitable<Result<void>> take_stories(const Waiting& file, bool has_waited);
  boost::asio::awaitable<void> take_waiting();
  boost::asio::awaitable<void> take_next_waiting();
  bool has_waiting() const { return takes_waiting_ || !waiting_.empty(); }
  boost::asio::awaitable<void> retry_unread();
  void try_again(const std::filesystem::path& path, const std::string& reason);
  void set_aside_refused(const std::filesystem::path& path, const std::string& reason) const;

  Parts parts_;
  FolderConfig folder_;
  Time watched_since_;
  std::map<std::filesystem::path, Unread> unread_;
  std::optional<Bell> has_unread_;  ///< while it runs
  std::deque<Waiting> waiting_;  ///< in the order in which they came: versions of a story may be among them
  bool takes_waiting_ = false;   ///< one that has waited is being taken
  std::string failure_;          ///< of that, as it was said last
  std::optional<Bell> is_waiting_;  ///< while it runs
};

}  // namespace crier
