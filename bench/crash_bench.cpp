#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <random>
#include <thread>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "benches.hpp"
#include "measure.hpp"
#include "net/smtp_session.hpp"
#include "newsroom.hpp"
#include "options.hpp"
#include "process.hpp"
#include "smtp_sink.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;

constexpr const char* usage =
    "Usage: crier-bench crash [--kills N] [--readers N] [--connections N] [--size BYTES]\n"
    "                         [--reply-delay 1ms] [--seed N]\n"
    "kill -9 of a real `crier serve` at random moments while it plans and sends; after each the ledger is "
    "compared\n"
    "with what the sink has.\n";

// Messages that a connection may have under way: what the client itself says.
constexpr auto window = static_cast<std::int64_t>(SmtpWindow{}.messages);

struct Options {
  std::int64_t kills = 50;
  std::int64_t readers = 20'000;
  std::int64_t connections = 8;
  std::int64_t size = 4'000;
  std::int64_t seed = 20231018;
  Duration reply_delay = std::chrono::milliseconds(1);
};

class Ordeal {
 public:
  explicit Ordeal(const Options& options)
      : options_(options),
        sink_(smtp_sink({.server = {.reply_delay = options.reply_delay}}, *books_)),
        server_([this] { sink_.run(); }),
        random_(static_cast<std::uint64_t>(options.seed)),
        folder_(scratch_.path(), plan(options, sink_.port())),
        text_bytes_(folder_.text_bytes_for("harbour", static_cast<std::size_t>(options.size))) {}

  json::object run();

 private:
  static NewsroomPlan plan(const Options& options, std::uint16_t port);
  std::int64_t received() const { return static_cast<std::int64_t>(books_->distinct); }
  std::int64_t owed() const { return stories_ * options_.readers; }
  void land_another();
  void kill_once();
  void check_books();
  bool finish();

  const Options& options_;
  Shared<SinkBooks> books_;
  SinkServer sink_;
  Process server_;
  std::mt19937_64 random_;
  const ScratchFolder scratch_;
  NewsroomFolder folder_;
  std::size_t text_bytes_;
  std::int64_t stories_ = 0;
  std::int64_t kills_ = 0;
  std::int64_t kills_while_sending_ = 0;
  std::int64_t claimed_too_much_ = 0;  // times that the ledger had delivered more than the sink has
  std::int64_t most_duplicates_ = 0;   // between two kills
};

NewsroomPlan Ordeal::plan(const Options& options, std::uint16_t port) {
  NewsroomPlan plan;
  plan.readers = {{.topic = "harbour",
                   .count = options.readers,
                   .endpoint = "email: reader-{}@digest.example",
                   .follows = {{"harbour"}}}};
  plan.channels = email_channel(fmt::format("smtp://127.0.0.1:{}?starttls=off", port), options.connections);
  plan.mail_bytes = static_cast<std::size_t>(options.size);
  return plan;
}

void Ordeal::land_another() {
  const auto id = fmt::format("harbour-{}", stories_++);
  folder_.land(id, NewsroomFolder::story(id, "harbour", text_bytes_));
}

void Ordeal::kill_once() {
  RunningCrier crier(folder_);
  // With less than this owed it might be done before it is killed.
  if (owed() - received() < options_.readers) land_another();
  const auto upto =
      received() + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(options_.readers));
  const auto patience = monotonic_now() + INT64_C(60'000'000'000);
  while (received() < upto && monotonic_now() < patience)
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  std::this_thread::sleep_for(std::chrono::microseconds(random_() % 20'000));
  crier.process().signal(SIGKILL);
  crier.process().wait();
  ++kills_;
  if (received() < owed()) ++kills_while_sending_;
}

// What the ledger says was delivered, the sink has; what it does not know of yet is queued, or in the folder.
void Ordeal::check_books() {
  const auto tally = folder_.total();
  if (tally.delivered > received()) ++claimed_too_much_;
  if (tally.delivered + tally.queued != tally.matched || tally.matched > owed() || !tally.failed.empty())
    throw std::runtime_error("after a kill the ledger has something else than delivered and queued");
}

bool Ordeal::finish() {
  RunningCrier crier(folder_);
  const auto is_done = [&] {
    const auto tally = folder_.total();
    return received() >= owed() && tally.queued == 0 && tally.matched == owed();
  };
  const bool is_whole = crier.wait_until(
      is_done, [&] { return received(); }, "the rest");
  crier.stop();
  return is_whole;
}

json::object Ordeal::run() {
  const auto duplicates = [&] { return static_cast<std::int64_t>(books_->duplicates); };
  while (kills_ < options_.kills) {
    const auto before = duplicates();
    kill_once();
    most_duplicates_ = std::max(most_duplicates_, duplicates() - before);
    check_books();
    show_progress(fmt::format("{} of {} kills, {} of {} received, {} twice", kills_, options_.kills,
                              received(), owed(), duplicates()));
  }
  show_progress("");
  const bool is_whole = finish();
  const auto allowed = options_.connections * window * kills_;
  return {{"bench", "crash"},
          {"kills", kills_},
          {"kills_while_sending", kills_while_sending_},
          {"messages", owed()},
          {"lost", owed() - received()},
          {"duplicates", duplicates()},
          {"window", window},
          {"duplicates_allowed", allowed},
          {"most_duplicates_between_kills", most_duplicates_},
          {"delivered_but_not_received", claimed_too_much_},
          {"is_settled", is_whole},
          {"good", is_whole && received() == owed() && duplicates() <= allowed && claimed_too_much_ == 0},
          {"mode", books_->mode()}};
}

}  // namespace

int crash_bench(const Words& words) {
  Options options;
  const bool good = read_options(words, {{"--kills", &options.kills},
                                         {"--readers", &options.readers},
                                         {"--connections", &options.connections},
                                         {"--size", &options.size},
                                         {"--seed", &options.seed},
                                         {"--reply-delay", &options.reply_delay}});
  if (!good) return complain(words, usage);
  const auto out = Ordeal(options).run();
  fmt::print("{}\n", json::serialize(out));
  return out.at("good").as_bool() ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier::bench
