#include "support/belts.hpp"

#include <array>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/config.hpp"
#include "outbox/held.hpp"
#include "outbox/recovery.hpp"
#include "outbox/settlements.hpp"
#include "support/ledger_parts.hpp"
#include "support/migrated.hpp"
#include "support/run_loop.hpp"

namespace crier::test {
namespace {

namespace asio = boost::asio;

constexpr std::string_view base_config = R"(
site: {name: The Sample Courier, url: "https://courier.example.org", address: 1 Example Street}
public_url: https://u.example.org
channels:
  email: {relay: "maildir:unused", from: alerts@courier.example.org}
  whatsapp: {base_url: "http://127.0.0.1:1", phone_number_id: "1", template: story_alert}
  webhook: {allow_http: true, allow: [127.0.0.1]}
)";

}  // namespace

std::span<const Duration> ScriptedChannel::retry_steps() const {
  using namespace std::chrono_literals;
  static constexpr std::array<Duration, 3> steps{1min, 5min, 15min};
  return steps;
}

asio::awaitable<std::vector<Outcome>> ScriptedChannel::send(std::span<const Outgoing> messages) {
  std::vector<Outcome> outcomes;
  for (const auto& message : messages) outcomes.push_back(co_await send_one(message));
  co_return outcomes;
}

asio::awaitable<Outcome> ScriptedChannel::send_one(const Outgoing& message) {
  const auto& letter = *message.letter;
  Sent entry{message.delivery_id,
             message.subscriber.id(),
             letter.content.subject,
             letter.reason,
             {},
             {},
             {},
             letter.content.left_out,
             message.attempt,
             letter.content.items.front().published,
             clock_.now()};
  for (const auto& item : letter.content.items) {
    entry.titles.push_back(item.title);
    entry.item_reasons.push_back(item.reason);
    if (!item.also.empty()) entry.also.push_back(item.also);
  }
  sent.push_back(entry);
  if (while_sending) while_sending(entry);
  Outcome outcome;
  outcome.kind = OutcomeKind::delivered;
  if (!answers.empty()) {
    outcome = answers.front();
    answers.pop_front();
  }
  if (hold.contains(entry.subscriber)) {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    held_[entry.subscriber] = &timer;
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (recalled_.erase(entry.subscriber) > 0) {
      std::erase_if(sent, [&](const Sent& each) { return each.delivery_id == entry.delivery_id; });
      outcome = {};
      outcome.untried = outcome.recalled = true;
    }
  }
  co_return outcome;
}

void ScriptedChannel::release(const std::string& reader) {
  hold.erase(reader);
  if (const auto held = held_.find(reader); held != held_.end()) {
    held->second->cancel();
    held_.erase(held);
  }
}

void ScriptedChannel::recall() {
  if (!gives_back) return;
  while (!held_.empty()) {
    const auto reader = held_.begin()->first;
    recalled_.insert(reader);
    release(reader);
  }
}

Belts::Belts(std::string_view rules, Time start_at, const std::filesystem::path& database)
    : clock_(start_at), metrics_({"test", {}, {}, {}}) {
  std::filesystem::copy_file(database.empty() ? migrated_file() : database, folder_.path() / "crier.db");
  newsroom_ = load(rules);
  for (const auto kind : all_channels) channels_[kind] = std::make_unique<ScriptedChannel>(kind, clock_);
  start();
}

Belts::~Belts() {
  end();
}

std::shared_ptr<const Newsroom> Belts::load(std::string_view rules) {
  folder_.write("config/base.yaml", base_config);
  folder_.write("config/rules.yaml", rules);
  Diagnostics diagnostics;
  auto config =
      load_config(folder_.path() / "config", diagnostics, {.former = newsroom_ ? newsroom_->book : nullptr});
  if (!diagnostics.empty()) throw std::runtime_error(to_string(diagnostics.list().front()));
  return std::make_shared<const Newsroom>(config.newsroom);
}

void Belts::limit(std::vector<DomainLimits> domains) {
  domains_ = std::move(domains);
  crash();
}

void Belts::start() {
  loop_ = std::make_unique<Loop>(1);
  database_.emplace(folder_.path() / "crier.db");
  const auto loop = loop_->get_executor();
  tasks_.emplace(loop, [this](const std::string& task, const std::string& what) {
    failures.push_back(task + ": " + what);
  });
  std::vector<Channel*> channels;
  for (auto& [kind, channel] : channels_) channels.push_back(channel.get());
  const auto current = [this] { return newsroom_; };
  courier_.emplace(
      loop,
      Courier::Parts{*database_, clock_, suppressions_, metrics_, channels, current, "key", {}, domains_});
  intake_.emplace(Intake::Parts{
      .database = *database_,
      .workers = workers_,
      .clock = clock_,
      .suppressions = suppressions_,
      .metrics = metrics_,
      .newsroom = current,
      .on_seen = [](const Story&) {},
      .on_owed = [this] { courier_->wake(); },
      .claim_along = [this] { return courier_->claim_along(); },
      .on_stopped = [this](const std::string& story, std::uint32_t version,
                           std::string_view reason) { courier_->stop_story(story, version, reason); },
      .takes_stories = [this] { return has_room; }});
  desk_.emplace(loop, DigestDesk::Parts{*database_, workers_, clock_, current, [this] { courier_->wake(); }});
  order_desk_.emplace(loop, OrderDesk::Parts{*database_, workers_, clock_, *courier_, current, [] {
                                               return std::map<std::string, std::optional<ChannelKind>>{
                                                   {"relay.example.org", ChannelKind::email}};
                                             }});
  const auto now = clock_.now();
  run_loop(*loop_, database_->run([&](Sqlite& db) {
    subscriber_numbers(db, *newsroom_->book);
    suppressions_ = SuppressionList::load(db);
    courier_->obey(Pauses(load_pauses(db)));
    return recover(db, {ChannelKind::email, ChannelKind::webhook}, now);
  }));
  tasks_->start("unfinished stories", intake_->finish());
  tasks_->start("editions", desk_->run());
  tasks_->start("orders", order_desk_->run());
  courier_->start(*tasks_);
  settle();
}

void Belts::give(Order order) {
  // Parameters by value or of the belts: it goes on when this has returned.
  const auto carry_out = [](Belts& belts, Order given) -> asio::awaitable<void> {
    auto done = co_await belts.order_desk_->carry_out(std::move(given));
    belts.carried_out.push_back(std::move(done));
  };
  tasks_->start("order", carry_out(*this, std::move(order)));
}

void Belts::reload(std::string_view rules) {
  newsroom_ = load(rules);
  desk_->reload();
  settle();
}

Accepted Belts::accept(Story story, Arrival arrival) {
  return run_loop(*loop_, intake_->accept(std::move(story), arrival));
}

void Belts::watch(FolderConfig folder) {
  const auto config = std::make_shared<const Config>();
  folders_.emplace_back(
      FolderIntake::Parts{workers_, clock_, *intake_, metrics_, [config] { return config; }},
      std::move(folder), clock_.now());
  tasks_->start("folder", folders_.back().run());
  settle();
}

std::optional<Accepted> Belts::cancel(std::string id) {
  return run_loop(*loop_, intake_->cancel(std::move(id)));
}

std::optional<Accepted> Belts::split(std::string id) {
  return run_loop(*loop_, intake_->split(std::move(id)));
}

void Belts::settle() {
  // The threads work off their queues while the loop stands still; when it then has nothing to run, nobody is
  // left who could bring more. A loop that ran out of work has stopped.
  loop_->restart();
  const auto until = std::chrono::steady_clock::now() + loop_bound;
  do {
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the belts do not come to rest");
    let_threads_finish();
  } while (loop_->poll() > 0);
}

// Each thread takes its jobs in order, so the one that is asked here ends after all others.
void Belts::let_threads_finish() {
  run_loop(aside_, workers_.run([] { return true; }));
  run_loop(aside_, database_->run([](Sqlite&) {}));
}

bool Belts::step() {
  loop_->restart();
  const bool has_run = loop_->poll_one() > 0;
  let_threads_finish();
  return has_run;
}

void Belts::advance(Duration by) {
  settle();  // what is due now happens now
  clock_.advance(by);
  settle();
}

// Nothing is told to stop and nothing runs any more: every coroutine is destroyed in the middle of what it
// was doing, while that is still there.
void Belts::end() {
  database_.reset();
  run_loop(aside_, workers_.run([] { return true; }));  // they look at what coroutines hold
  loop_->drop();
  clock_.forget_sleepers();
  tasks_.reset();
  folders_.clear();
  order_desk_.reset();
  desk_.reset();
  intake_.reset();
  courier_.reset();
  loop_.reset();
}

void Belts::crash() {
  end();
  start();
}

Ledger Belts::ledger(std::string_view what) {
  auto ledger = run_loop(*loop_, database_->run([&](Sqlite& db) { return read_ledger(db, what).value(); }));
  if (ledger.balances() && !parts_come_to_total(ledger))
    throw std::runtime_error("channels and lanes do not come to the ledger's total");
  return ledger;
}

void Belts::change_database(const std::function<void(Sqlite&)>& change) {
  run_loop(*loop_, database_->run([&](Sqlite& db) {
    change(db);
    return true;
  }));
}

void Belts::suppress(ChannelKind kind, std::string_view address, std::string reason) {
  suppressions_.add(kind, address, std::move(reason));
}

Story sample_story(std::string id, std::string title, std::string body) {
  Story story;
  story.id = std::move(id);
  story.title = std::move(title);
  story.body_text = body.empty() ? "The body of the story." : std::move(body);
  story.summary = "A summary.";
  story.language = "en";
  story.url = "https://courier.example.org/" + story.id;
  return story;
}

Time at(std::string_view rfc3339) {
  return parse_rfc3339(rfc3339).value();
}

}  // namespace crier::test
