#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "benches.hpp"
#include "measure.hpp"
#include "newsroom.hpp"
#include "options.hpp"
#include "process.hpp"
#include "render/dkim_key.hpp"
#include "smtp_sink.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;

constexpr const char* usage =
    "Usage: crier-bench latency [--readers N] [--recipients N] [--alerts N] [--large-alerts N] [--singles "
    "N]\n"
    "                           [--size BYTES] [--connections N] [--every 200ms] [--sign]\n"
    "                           [--no-digest]\n"
    "How long after a file was renamed into the story folder its mail is on the sink's socket: one "
    "recipient, idle;\n"
    "an audience of all readers; alerts of --recipients while a digest goes to all readers (--no-digest: "
    "without).\n";

struct Options {
  std::int64_t readers = 1'000'000;
  std::int64_t recipients = 1000;
  std::int64_t alerts = 50;        // at most: the digest ends when it ends
  std::int64_t large_alerts = 20;  // to all readers; each is canceled when its first mail is there
  std::int64_t singles = 100;
  std::int64_t size = 30'000;
  std::int64_t connections = 8;
  Duration every = std::chrono::milliseconds(200);
  bool no_digest = false;
  bool sign = false;  // by RSA
};

constexpr std::size_t digest = 0;  // the audiences of the sink
constexpr std::size_t alert = 1;

// Milliseconds, nearest rank.
double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size()) + 0.999999);
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

json::object spread(const std::vector<double>& milliseconds) {
  return {{"count", milliseconds.size()},
          {"p50_ms", percentile(milliseconds, 0.5)},
          {"p99_ms", percentile(milliseconds, 0.99)},
          {"max_ms", percentile(milliseconds, 1)}};
}

// The next full minute that leaves time to load and to measure what comes before the digest.
struct Appointment {
  std::time_t at = 0;
  std::string hour_and_minute;

  explicit Appointment(const Options& options) {
    const auto preparation = 45 + options.readers / 12'000 + options.large_alerts + options.singles / 10;
    at = (std::time(nullptr) + preparation + 59) / 60 * 60;
    std::tm utc{};
    ::gmtime_r(&at, &utc);
    hour_and_minute = fmt::format("{:02}:{:02}", utc.tm_hour, utc.tm_min);
  }
};

// Makes a key, and returns what the e-mail channel is told of it.
std::string signing(const std::filesystem::path& folder) {
  const auto path = std::filesystem::absolute(folder / "dkim.pem");
  std::ofstream(path) << DkimKey::make(DkimAlgorithm::rsa_sha256).pem();
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  return fmt::format("    dkim: {{domain: courier.example.org, selector: s1, key_file: {}}}\n",
                     path.string());
}

NewsroomPlan plan_of(const Options& options, std::uint16_t port, const Appointment& appointment,
                     const std::filesystem::path& folder) {
  NewsroomPlan plan;
  const auto digest_reader = "email: reader-{}@digest.example";
  const auto alert_reader = "email: reader-{}@alert.example";
  plan.readers = {{.topic = "harbour",
                   .count = options.readers,
                   .endpoint = digest_reader,
                   .follows = {{"harbour", "morning"}, {"storm", "alert"}}},
                  {.topic = "siren",
                   .count = options.recipients,
                   .endpoint = alert_reader,
                   .follows = {{"siren", "alert"}}},
                  {.topic = "solo", .count = 1, .endpoint = alert_reader, .follows = {{"solo", "alert"}}}};
  plan.channels = email_channel(fmt::format("smtp://127.0.0.1:{}?starttls=off", port), options.connections,
                                options.sign ? signing(folder) : std::string());
  plan.sections =
      fmt::format("editions: {{morning: {{at: \"{}\", zone: UTC}}}}\n", appointment.hour_and_minute);
  plan.mail_bytes = static_cast<std::size_t>(options.size);
  return plan;
}

class Measurement {
 public:
  explicit Measurement(const Options& options)
      : options_(options), sink_(smtp_sink({}, *books_)), server_([this] { sink_.run(); }) {
    // The sink's process has read nothing yet: the names are in the memory that both share.
    books_->name_audience(digest, "digest.example");
    books_->name_audience(alert, "alert.example");
  }

  json::object run();

 private:
  struct Times {
    double first_ms = 0;
    double all_ms = 0;
  };
  std::string prepare(std::string_view topic, std::string_view id) const;
  Times send(std::string_view id, std::string_view story, std::size_t audience, std::int64_t recipients);
  std::vector<double> singles();
  std::vector<double> large_alerts();
  json::object alerts_during_digest(std::time_t at);
  double digest_rate(const std::function<void()>& meanwhile);
  std::int64_t digest_sent() const { return static_cast<std::int64_t>(books_->audiences[digest].messages); }
  void wait_until(const std::function<bool()>& is_done, std::string_view of_what);

  const Options& options_;
  Shared<SinkBooks> books_;
  SinkServer sink_;
  Process server_;
  const ScratchFolder scratch_;
  std::optional<NewsroomFolder> folder_;
  std::optional<RunningCrier> crier_;
  std::size_t text_bytes_ = 0;
};

void Measurement::wait_until(const std::function<bool()>& is_done, std::string_view of_what) {
  const auto count = [&] { return static_cast<std::int64_t>(books_->messages); };
  if (!crier_->wait_until(is_done, count, of_what))
    throw std::runtime_error(fmt::format("{}: nothing moved for a minute", of_what));
}

// One story. When its mails come is told by the sink's clock, not by when we look.
Measurement::Times Measurement::send(std::string_view id, std::string_view story, std::size_t audience,
                                     std::int64_t recipients) {
  auto& watched = books_->audiences[audience];
  const auto before = watched.messages.load();
  watched.first_bytes = 0;
  const auto landed = folder_->land(id, story);
  const auto patience = landed + INT64_C(60'000'000'000);
  const auto check = [&](bool is_done) {
    if (!is_done && monotonic_now() > patience)
      throw std::runtime_error("a story was not sent within a minute");
    if (!is_done) std::this_thread::sleep_for(std::chrono::microseconds(500));
    return is_done;
  };
  while (!check(watched.first_bytes != 0)) {
  }
  Times times;
  times.first_ms = static_cast<double>(watched.first_bytes - landed) / 1e6;
  if (recipients == 0) return times;
  while (!check(watched.messages >= before + static_cast<std::uint64_t>(recipients))) {
  }
  times.all_ms = static_cast<double>(watched.last_accepted - landed) / 1e6;
  return times;
}

std::vector<double> Measurement::singles() {
  std::vector<double> out;
  for (std::int64_t i = 0; i < options_.singles; ++i) {
    const auto id = fmt::format("solo-{}", i);
    out.push_back(send(id, NewsroomFolder::story(id, "solo", text_bytes_), alert, 1).first_ms);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return out;
}

// Each is canceled when its first mail is there: what is measured is how long a large audience takes to plan.
std::vector<double> Measurement::large_alerts() {
  std::vector<double> out;
  for (std::int64_t i = 0; i < options_.large_alerts; ++i) {
    show_progress(fmt::format("alert {} of {} to all readers", i + 1, options_.large_alerts));
    const auto id = fmt::format("storm-{}", i);
    out.push_back(send(id, NewsroomFolder::story(id, "storm", text_bytes_), digest, 0).first_ms);
    folder_->land(id + "-end", NewsroomFolder::cancellation(id));
    wait_until([&] { return folder_->total().queued == 0; }, "until the canceled ones are settled");
  }
  return out;
}

// Of the digest's messages, a second, until `meanwhile` returns.
double Measurement::digest_rate(const std::function<void()>& meanwhile) {
  const auto sent_before = digest_sent();
  const auto start = monotonic_now();
  meanwhile();
  return static_cast<double>(digest_sent() - sent_before) * 1e9 /
         static_cast<double>(monotonic_now() - start);
}

json::object Measurement::alerts_during_digest(std::time_t at) {
  std::vector<std::pair<std::string, std::string>> stories;
  for (std::int64_t i = 0; i < options_.alerts; ++i) {
    auto id = fmt::format("siren-{}", i);
    auto story = NewsroomFolder::story(id, "siren", text_bytes_);
    stories.emplace_back(std::move(id), std::move(story));
  }
  // As many as make a mail of some 30 KB: of each an edition shows the beginning.
  constexpr int stories_of_edition = 10;
  for (int i = 0; i < stories_of_edition; ++i) {
    const auto id = fmt::format("harbour-{}", i);
    folder_->land(id, NewsroomFolder::story(id, "harbour", text_bytes_));
  }
  if (std::time(nullptr) + 2 > at)
    throw std::runtime_error("the time of the digest passed while crier loaded");
  show_progress(fmt::format("{} s until the digest's minute", at - std::time(nullptr)));
  // Until then mails of the canceled alerts may come that were being signed.
  while (std::time(nullptr) + 1 < at) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto before = digest_sent();
  const auto begun = [&] { return digest_sent() > before; };
  while (!begun() && std::time(nullptr) < at + 60) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (!begun()) throw std::runtime_error("the digest was not sent");
  const auto left = [&] { return before + options_.readers - digest_sent(); };
  // The first third alone, the rest with alerts.
  const auto alone =
      digest_rate([&] { wait_until([&] { return left() <= options_.readers * 2 / 3; }, "digest alone"); });
  std::vector<double> first;
  std::vector<double> all;
  const auto with_alerts = digest_rate([&] {
    for (const auto& [id, story] : stories) {
      const auto begin = std::chrono::steady_clock::now();
      if (left() < options_.readers / 20) break;
      const auto times = send(id, story, alert, options_.recipients);
      first.push_back(times.first_ms);
      all.push_back(times.all_ms);
      std::this_thread::sleep_until(begin + options_.every);
    }
  });
  wait_until([&] { return left() <= 0; }, "the rest of the digest");
  return {
      {"recipients", options_.recipients},      {"first", spread(first)},
      {"all_acknowledged", spread(all)},        {"digest_rate_alone", alone},
      {"digest_rate_with_alerts", with_alerts}, {"digest_slowed_percent", (1 - with_alerts / alone) * 100}};
}

json::object Measurement::run() {
  const Appointment appointment(options_);
  show_progress(fmt::format("writing a configuration of {} readers", options_.readers));
  folder_.emplace(scratch_.path(), plan_of(options_, sink_.port(), appointment, scratch_.path()));
  text_bytes_ = folder_->text_bytes_for("solo", static_cast<std::size_t>(options_.size));
  show_progress("crier serve loads it");
  crier_.emplace(*folder_);
  json::object out{{"bench", "latency"}, {"readers", options_.readers}, {"load_s", crier_->load_s()}};
  show_progress("one recipient, idle");
  out["one_recipient"] = spread(singles());
  out["all_readers"] = spread(large_alerts());
  if (!options_.no_digest) out["during_digest"] = alerts_during_digest(appointment.at);
  wait_until([&] { return folder_->total().queued == 0; }, "until everything is recorded");
  out["size"] = static_cast<double>(books_->bytes) / static_cast<double>(books_->messages);
  out["duplicates"] = books_->duplicates.load();
  out["rss_mb"] = crier_->peak_mb();
  out["mode"] = books_->mode();
  crier_->stop();
  return out;
}

}  // namespace

int latency_bench(const Words& words) {
  Options options;
  const bool good = read_options(words, {{"--readers", &options.readers},
                                         {"--recipients", &options.recipients},
                                         {"--alerts", &options.alerts},
                                         {"--large-alerts", &options.large_alerts},
                                         {"--singles", &options.singles},
                                         {"--size", &options.size},
                                         {"--connections", &options.connections},
                                         {"--every", &options.every},
                                         {"--no-digest", &options.no_digest},
                                         {"--sign", &options.sign}});
  if (!good) return complain(words, usage);
  Measurement measurement(options);
  fmt::print("{}\n", json::serialize(measurement.run()));
  return exit_code::ok;
}

}  // namespace crier::bench
