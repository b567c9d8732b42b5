// SourceWatch: tells when a source is silent for longer than its `expect:` says, in the log when it begins
// and when it ends, and on /metrics. A coroutine on the loop; after a crash it begins with what the story log
// recorded about each source.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"

namespace crier {

class Clock;
class Database;
class Metrics;

/// A source by whose `expect:` it is judged.
struct ExpectedSource {
  std::string name;
  std::optional<Duration> expect;
  Time watched_since;  ///< silence before that does not count
};

/// Since when a source has said nothing new.
Time silent_since(const ExpectedSource& source, std::optional<Time> last_story);
bool is_silent(const ExpectedSource& source, std::optional<Time> last_story, Time now);

class SourceWatch {
 public:
  /// All of it outlives the watch.
  SourceWatch(Database& database, Clock& clock, Metrics& metrics, std::vector<ExpectedSource> sources);

  /// Ends by cancellation only.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<void> look();
  void judge(const ExpectedSource& source, std::optional<Time> last_story, Time now);

  Database& database_;
  Clock& clock_;
  Metrics& metrics_;
  std::vector<ExpectedSource> sources_;
  std::set<std::string> silent_;
  Duration between_looks_ = std::chrono::seconds(30);
};

}  // namespace crier
