#include "base/metrics.hpp"

#include <array>
#include <map>
#include <span>
#include <sstream>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace crier {
namespace {

constexpr std::string_view other = "other";
constexpr std::array<std::string_view, 5> story_results{"created", "updated", "unchanged", "refused", other};
constexpr std::array<std::string_view, 4> poll_results{"news", "unchanged", "failed", other};
constexpr std::array<std::string_view, 6> outcomes{"delivered", "retry_later", "refused",
                                                   "ambiguous", "suppressed",  other};
constexpr std::array<std::string_view, 5> code_classes{"2xx", "3xx", "4xx", "5xx", other};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

template <class Map>
auto find_or_other(const Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? map.find(other) : found;
}

// Counters by two labels, all made at the start: counting is a look-up without a lock.
class CounterTable {
 public:
  CounterTable(prometheus::Registry& registry, const std::string& name, const std::string& help,
               const std::string& first_label, std::vector<std::string> firsts,
               const std::string& second_label, std::span<const std::string_view> seconds) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    firsts.emplace_back(other);
    for (const auto& first : firsts) {
      for (const auto second : seconds) {
        const std::string value(second);
        counters_[first].emplace(value, &family.Add({{first_label, first}, {second_label, value}}));
      }
    }
  }

  void count(std::string_view first, std::string_view second) const {
    const auto row = find_or_other(counters_, first);
    find_or_other(row->second, second)->second->Increment();
  }

 private:
  using Row = std::map<std::string, prometheus::Counter*, std::less<>>;
  std::map<std::string, Row, std::less<>> counters_;
};

// A gauge for each value of one label. Those of `firsts` are there from the start, at 0; `may_come` when they
// are first set.
class GaugeTable {
 public:
  GaugeTable(prometheus::Registry& registry, const std::string& name, const std::string& help,
             std::string label, const std::vector<std::string>& firsts,
             const std::vector<std::string>& may_come = {})
      : family_(prometheus::BuildGauge().Name(name).Help(help).Register(registry)), label_(std::move(label)) {
    for (const auto& value : may_come) gauges_.emplace(value, nullptr);
    for (const auto& value : firsts) gauges_.insert_or_assign(value, &family_.Add({{label_, value}}));
  }

  /// From one thread. Values that are not known are left out.
  void set(std::string_view value, double number) {
    const auto found = gauges_.find(value);
    if (found == gauges_.end()) return;
    if (found->second == nullptr) found->second = &family_.Add({{label_, found->first}});
    found->second->Set(number);
  }

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  std::string label_;
  std::map<std::string, prometheus::Gauge*, std::less<>> gauges_;
};

}  // namespace

struct Metrics::State {
  explicit State(const MetricLabels& labels);

  prometheus::Gauge& gauge(const std::string& name, const std::string& help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }

  prometheus::Registry registry;
  CounterTable stories;
  CounterTable deliveries;
  CounterTable requests;
  CounterTable polls;
  GaugeTable last_story;
  GaugeTable silent;
  GaugeTable feed_up;
  std::map<std::string, prometheus::Gauge*, std::less<>> queue_depth;
  prometheus::Gauge& oldest_age;
  prometheus::Gauge& reload_successful;
  prometheus::Gauge& accepting_stories;
  prometheus::Histogram& alert_latency;
};

Metrics::State::State(const MetricLabels& labels)
    : stories(registry, "crier_stories_total", "Stories seen, by source and what they were.", "source",
              labels.sources, "result", story_results),
      deliveries(registry, "crier_deliveries_total", "Attempts to deliver, by channel and outcome.",
                 "channel", labels.channels, "outcome", outcomes),
      requests(registry, "crier_http_requests_total",
               "HTTP requests answered, by listener and class of status.", "listener", labels.listeners,
               "code", code_classes),
      polls(registry, "crier_feed_polls_total", "Times that a feed was asked, by source and what came of it.",
            "source", labels.feeds, "result", poll_results),
      last_story(registry, "crier_source_last_story_timestamp_seconds",
                 "When the last story that was not known came by a source.", "source", {}, labels.sources),
      silent(registry, "crier_source_silent",
             "Whether a source has been silent for longer than its expect: says: 1 or 0.", "source",
             labels.expected_sources),
      feed_up(registry, "crier_feed_up", "Whether a feed answered well when it was last asked: 1 or 0.",
              "source", {}, labels.feeds),
      oldest_age(
          gauge("crier_oldest_age_seconds", "Age of the oldest delivery that is due and not settled.")),
      reload_successful(gauge("crier_config_last_reload_successful",
                              "Whether the configuration last read was accepted: 1 or 0.")),
      accepting_stories(gauge("crier_accepting_stories",
                              "Whether stories are taken: 1, or 0 while the disk has no room for them.")),
      alert_latency(prometheus::BuildHistogram()
                        .Name("crier_alert_latency_seconds")
                        .Help("Time from a story's acceptance to the hand-over of an alert.")
                        .Register(registry)
                        .Add({}, prometheus::Histogram::BucketBoundaries{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
                                                                         30, 60, 120, 300, 900})) {
  auto& depth = prometheus::BuildGauge()
                    .Name("crier_queue_depth")
                    .Help("Deliveries owed, by channel.")
                    .Register(registry);
  for (const auto& channel : labels.channels)
    queue_depth.emplace(channel, &depth.Add({{"channel", channel}}));
  prometheus::BuildGauge()
      .Name("crier_build_info")
      .Help("Always 1; the label tells the version.")
      .Register(registry)
      .Add({{"version", labels.version}})
      .Set(1);
}

Metrics::Metrics(const MetricLabels& labels) : state_(std::make_unique<State>(labels)) {}

Metrics::~Metrics() = default;

void Metrics::story_seen(std::string_view source, std::string_view result) {
  state_->stories.count(source, result);
}

void Metrics::set_last_story(std::string_view source, Time time) {
  state_->last_story.set(source, seconds(time.time_since_epoch()));
}

void Metrics::set_source_silent(std::string_view source, bool silent) {
  state_->silent.set(source, silent ? 1 : 0);
}

void Metrics::feed_polled(std::string_view source, std::string_view result) {
  state_->polls.count(source, result);
}

void Metrics::set_feed_up(std::string_view source, bool up) {
  state_->feed_up.set(source, up ? 1 : 0);
}

void Metrics::delivery_ended(std::string_view channel, std::string_view outcome) {
  state_->deliveries.count(channel, outcome);
}

void Metrics::set_queue_depth(std::string_view channel, double deliveries) {
  const auto found = state_->queue_depth.find(channel);
  if (found != state_->queue_depth.end()) found->second->Set(deliveries);
}

void Metrics::set_oldest_age(Duration age) {
  state_->oldest_age.Set(seconds(age));
}

void Metrics::observe_alert_latency(Duration latency) {
  state_->alert_latency.Observe(seconds(latency));
}

void Metrics::set_accepting_stories(bool accepting) {
  state_->accepting_stories.Set(accepting ? 1 : 0);
}

void Metrics::set_reload_successful(bool successful) {
  state_->reload_successful.Set(successful ? 1 : 0);
}

void Metrics::request_answered(std::string_view listener, int status) {
  const int code_class = status / 100;
  state_->requests.count(listener, code_class >= 2 && code_class <= 5
                                       ? code_classes[static_cast<std::size_t>(code_class - 2)]
                                       : other);
}

std::string Metrics::exposition() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, state_->registry.Collect());
  return out.str();
}

}  // namespace crier
