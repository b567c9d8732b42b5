#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/csv.hpp"
#include "app/ledger_writer.hpp"

namespace crier {
namespace {

namespace json = boost::json;

// To the second, as people read it.
std::string second_of(Time time) {
  return to_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

// "2026-11-23T07:00:01Z", "2026-11-23T07:00:01Z to 07:00:03Z", "due 2026-11-23T08:00:00Z".
std::string when_of(const LedgerDelivery& delivery) {
  if (delivery.state == DeliveryState::queued)
    return delivery.due_at ? "due " + second_of(*delivery.due_at) : std::string();
  // An older crier did not keep when.
  if (!delivery.settled_from || !delivery.settled_until) return "after " + second_of(delivery.planned_at);
  const auto from = second_of(*delivery.settled_from);
  const auto until = second_of(*delivery.settled_until);
  if (from == until) return from;
  constexpr std::size_t day = 11;  // "2026-11-23T"
  const bool is_one_day = from.compare(0, day, until, 0, day) == 0;
  return fmt::format("{} to {}", from, is_one_day ? until.substr(day) : until);
}

std::string version_of(const std::string& story, std::uint32_t version) {
  return fmt::format("{} v{}", story, version);
}

std::string titled(const std::string& story, std::uint32_t version, const std::string& title) {
  return title.empty() ? version_of(story, version)
                       : fmt::format("{} “{}”", version_of(story, version), title);
}

class TextDeliveries final : public DeliveryWriter {
 public:
  void take(const LedgerDelivery& delivery, const std::string& subscriber) override {
    ++count_;
    const auto& subject = delivery.subject;
    fmt::print("{:<10} {:<8} {:<10} {:<20}  {}\n", to_string(delivery.state), to_string(delivery.channel),
               to_string(delivery.lane), when_of(delivery), subscriber);
    const auto digest =
        subject.occurrence.empty() ? subject.edition : subject.edition + "/" + subject.occurrence;
    std::string about = digest;
    if (!subject.story_id.empty())
      about = titled(subject.story_id, subject.story_version, delivery.title) +
              (digest.empty() ? "" : ", for " + digest);
    if (delivery.batch_id != 0) about += fmt::format("  (batch {})", delivery.batch_id);
    fmt::print("    {}\n", about);
    if (!delivery.reason.empty()) fmt::print("    {}\n", delivery.reason);
    print_course(delivery);
    for (const auto& story : delivery.stories) {
      fmt::print("    - {}: {}\n", titled(story.id, story.version, story.title), story.reason);
      if (!story.left_out.empty()) fmt::print("      left out: {}\n", story.left_out);
    }
  }

  void finish(bool has_more) override {
    if (count_ == 0) fmt::print("Nothing was ever owed.\n");
    if (has_more) fmt::print("There are more; --limit 0 lists all.\n");
  }

 private:
  // What came between, or why it ended so.
  static void print_course(const LedgerDelivery& delivery) {
    std::string course = delivery.detail;
    if (delivery.attempts > 1 || (delivery.attempts == 1 && delivery.state == DeliveryState::queued))
      course += fmt::format("{}{} attempt{}", course.empty() ? "" : ", ", delivery.attempts,
                            delivery.attempts == 1 ? "" : "s");
    if (!course.empty()) fmt::print("    {}\n", course);
    if (!delivery.reply.empty()) fmt::print("    reply: {}\n", delivery.reply);
  }

  std::size_t count_ = 0;
};

class JsonDeliveries final : public DeliveryWriter {
 public:
  void take(const LedgerDelivery& delivery, const std::string& subscriber) override {
    fmt::print("{}{}", std::exchange(begun_, true) ? "," : "{\"deliveries\":[",
               json::serialize(to_json(delivery, subscriber)));
  }

  void finish(bool has_more) override {
    fmt::print("{}],\"has_more\":{}}}\n", begun_ ? "" : "{\"deliveries\":[", has_more);
  }

 private:
  static json::object to_json(const LedgerDelivery& delivery, const std::string& subscriber) {
    json::object out{{"subscriber", subscriber},
                     {"channel", to_string(delivery.channel)},
                     {"lane", to_string(delivery.lane)},
                     {"state", to_string(delivery.state)}};
    const auto put = [&](std::string_view key, const std::string& text) {
      if (!text.empty()) out[key] = text;
    };
    const auto put_time = [&](std::string_view key, const std::optional<Time>& time) {
      if (time) out[key] = to_rfc3339(*time);
    };
    put("delivery", delivery.delivery_id());
    if (delivery.batch_id != 0) out["batch"] = delivery.batch_id;
    put("story", delivery.subject.story_id);
    if (!delivery.subject.story_id.empty()) out["version"] = delivery.subject.story_version;
    put("title", delivery.title);
    put("edition", delivery.subject.edition);
    put("occurrence", delivery.subject.occurrence);
    put("because", delivery.reason);
    put("detail", delivery.detail);
    if (delivery.attempts > 0) out["attempts"] = delivery.attempts;
    put("reply", delivery.reply);
    put_time("planned_at", delivery.planned_at);
    put_time("settled_from", delivery.settled_from);
    put_time("settled_until", delivery.settled_until);
    put_time("due_at", delivery.due_at);
    if (delivery.subject.edition.empty() || !delivery.subject.story_id.empty()) return out;
    json::array stories;
    for (const auto& story : delivery.stories) {
      json::object entry{
          {"story", story.id}, {"version", story.version}, {"title", story.title}, {"because", story.reason}};
      if (!story.left_out.empty()) entry["left_out"] = story.left_out;
      stories.push_back(std::move(entry));
    }
    out["stories"] = std::move(stories);
    return out;
  }

  bool begun_ = false;
};

// A record for each delivery; of a reader's digest one for each story.
class CsvDeliveries final : public DeliveryWriter {
 public:
  void take(const LedgerDelivery& delivery, const std::string& subscriber) override {
    begin();
    if (delivery.stories.empty())
      put(delivery, subscriber,
          {delivery.subject.story_id, delivery.subject.story_version, delivery.title, delivery.reason, {}});
    for (const auto& story : delivery.stories) put(delivery, subscriber, story);
  }

  void finish(bool has_more) override {
    begin();
    if (has_more) fmt::print(stderr, "crier ledger: --limit leaves out deliveries\n");
  }

 private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    const std::array<std::string, 20> names{
        "subscriber", "channel",    "lane",     "state",      "detail",   "settled_from", "settled_until",
        "due_at",     "attempts",   "reply",    "story",      "version",  "title",        "because",
        "edition",    "occurrence", "left_out", "planned_at", "delivery", "batch"};
    fmt::print("{}", csv_record(names));
  }

  static void put(const LedgerDelivery& delivery, const std::string& subscriber, const CarriedStory& story) {
    const auto time = [](const std::optional<Time>& at) { return at ? to_rfc3339(*at) : std::string(); };
    const std::array<std::string, 20> fields{
        subscriber,
        std::string(to_string(delivery.channel)),
        std::string(to_string(delivery.lane)),
        std::string(to_string(delivery.state)),
        delivery.detail,
        time(delivery.settled_from),
        time(delivery.settled_until),
        time(delivery.due_at),
        delivery.attempts == 0 ? std::string() : std::to_string(delivery.attempts),
        delivery.reply,
        story.id,
        story.id.empty() ? std::string() : std::to_string(story.version),
        story.title,
        story.reason,
        delivery.subject.edition,
        delivery.subject.occurrence,
        story.left_out,
        time(delivery.planned_at),
        delivery.delivery_id(),
        delivery.batch_id == 0 ? std::string() : std::to_string(delivery.batch_id)};
    fmt::print("{}", csv_record(fields));
  }

  bool begun_ = false;
};

}  // namespace

std::unique_ptr<DeliveryWriter> delivery_writer(OutputFormat format) {
  if (format == OutputFormat::json) return std::make_unique<JsonDeliveries>();
  if (format == OutputFormat::csv) return std::make_unique<CsvDeliveries>();
  return std::make_unique<TextDeliveries>();
}

}  // namespace crier
