// Metrics: the counters, gauges and histograms of crier, in one place so that names and labels stay few.
// Safe from any thread, but for what is set by source, which only the loop does. Kept in memory only: after a
// crash they begin at 0, as Prometheus expects.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace crier {

/// The label values that exist; each series of them starts at 0. A value not named here counts as "other",
/// so that nothing from outside can add series without bound.
struct MetricLabels {
  std::string version;
  std::vector<std::string> sources;
  std::vector<std::string> channels;
  std::vector<std::string> listeners;
  std::vector<std::string> feeds{};             ///< of the sources
  std::vector<std::string> expected_sources{};  ///< those that have an `expect:`
};

class Metrics {
 public:
  explicit Metrics(const MetricLabels& labels);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// crier_stories_total; result: created, updated, unchanged, refused.
  void story_seen(std::string_view source, std::string_view result);
  /// crier_source_last_story_timestamp_seconds: of each source that ever had one.
  void set_last_story(std::string_view source, Time time);
  /// crier_source_silent: 1 while a source has been silent for longer than expected.
  void set_source_silent(std::string_view source, bool silent);
  /// crier_feed_polls_total; result: news, unchanged, failed.
  void feed_polled(std::string_view source, std::string_view result);
  /// crier_feed_up: 1 when the last poll was answered well.
  void set_feed_up(std::string_view source, bool up);
  /// crier_deliveries_total; outcome: delivered, retry_later, refused, ambiguous, suppressed.
  void delivery_ended(std::string_view channel, std::string_view outcome);
  /// crier_queue_depth: deliveries owed.
  void set_queue_depth(std::string_view channel, double deliveries);
  /// crier_oldest_age_seconds: of the oldest delivery that is due and not settled, one that waits for a
  /// retry included.
  void set_oldest_age(Duration age);
  /// crier_alert_latency_seconds: from a story's acceptance to the hand-over of an alert.
  void observe_alert_latency(Duration latency);
  /// crier_config_last_reload_successful.
  void set_reload_successful(bool successful);
  /// crier_accepting_stories: 0 while there is no room for them.
  void set_accepting_stories(bool accepting);
  /// crier_http_requests_total; counted by class: 2xx, 3xx, 4xx, 5xx.
  void request_answered(std::string_view listener, int status);

  /// The exposition format 0.0.4 of Prometheus.
  std::string exposition() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crier
