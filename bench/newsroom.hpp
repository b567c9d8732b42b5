// The newsroom of the benchmarks of sending: a folder with a configuration of as many readers as wanted, the
// story folder and the state of a real `crier serve`, which runs as a process of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/ledger.hpp"
#include "process.hpp"

namespace crier::bench {

struct Follow {
  std::string topic;              ///< a story is about it that has the word
  std::string deliver = "alert";  ///< or an edition
};

/// Readers who are alike; their ids are TOPIC-0, TOPIC-1, … .
struct Readership {
  std::string topic;  ///< one that they follow, and that no other readership is named after
  std::int64_t count = 0;
  std::string endpoint;  ///< YAML of one, "{}" is the number: "email: reader-{}@example.org"
  std::vector<Follow> follows;
};

struct NewsroomPlan {
  std::vector<Readership> readers;
  std::string channels;             ///< YAML: "  email: {relay: …}\n"
  std::string sections;             ///< further YAML
  std::size_t mail_bytes = 30'000;  ///< small mails are made with small templates
};

/// The e-mail channel's YAML; `more` are further lines of it.
std::string email_channel(std::string_view relay, std::int64_t connections, std::string_view more = {});

class NewsroomFolder {
 public:
  /// Writes everything into `folder`, which exists.
  NewsroomFolder(std::filesystem::path folder, const NewsroomPlan& plan);

  const std::filesystem::path& path() const { return path_; }
  /// Makes the story of a topic, without a link so that the mail has its text.
  static std::string story(std::string_view id, std::string_view topic, std::size_t text_bytes);
  /// What ends the deliveries of a story.
  static std::string cancellation(std::string_view id);
  /// How long the text is to be so that a mail has about `mail_bytes`, as far as crier's limits allow. Asks
  /// `crier preview` for what the readership of this name would get.
  std::size_t text_bytes_for(std::string_view topic, std::size_t mail_bytes) const;
  /// Puts it into the story folder by renaming it, and says when (monotonic_now()).
  std::int64_t land(std::string_view id, std::string_view story) const;
  /// The whole ledger's sum. Throws when it does not balance.
  Tally total() const;

 private:
  std::size_t mail_bytes(std::string_view story, std::string_view topic) const;

  std::filesystem::path path_;
};

/// A running `crier serve`.
class RunningCrier {
 public:
  /// Returns when it is ready. Throws when it is not within ten minutes.
  explicit RunningCrier(const NewsroomFolder& folder);

  Process& process() { return process_; }
  double load_s() const { return load_s_; }  ///< from its start until it was ready
  /// Asks `is_done` every few milliseconds until it says so, and notes the memory. `count` is what the
  /// progress line shows and what has to move: false when it did not for a minute. Throws when crier ends.
  bool wait_until(const std::function<bool()>& is_done, const std::function<std::int64_t()>& count,
                  std::string_view of_what);
  double peak_mb() const { return peak_mb_; }  ///< highest that wait_until() saw
  /// SIGTERM, and waits.
  void stop();

 private:
  std::filesystem::path log_;
  Process process_;
  double load_s_ = 0;
  double peak_mb_ = 0;
};

/// The program beside this one. Throws when it is not there.
std::filesystem::path crier_program();

}  // namespace crier::bench
