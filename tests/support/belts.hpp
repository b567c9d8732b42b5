// Belts: intake, outbox, courier and digest desk on an in-memory database, with channels that answer by
// script and a clock that is moved by hand. What the daemon is without sockets and files.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "app/folder_intake.hpp"
#include "audience/suppression.hpp"
#include "base/metrics.hpp"
#include "base/tasks.hpp"
#include "base/workers.hpp"
#include "channel/channel.hpp"
#include "db/database.hpp"
#include "dispatch/courier.hpp"
#include "dispatch/digest_desk.hpp"
#include "dispatch/intake.hpp"
#include "dispatch/order_desk.hpp"
#include "outbox/ledger.hpp"
#include "support/manual_clock.hpp"
#include "support/temp_folder.hpp"

namespace crier::test {

/// A channel that keeps what it is sent and answers what the test has put in `answers` (then: delivered).
class ScriptedChannel final : public Channel {
 public:
  struct Sent {
    std::string delivery_id;
    std::string subscriber;
    std::string subject;
    std::string reason;
    std::vector<std::string> titles;
    std::vector<std::string> item_reasons;
    std::vector<std::string> also{};
    std::size_t left_out = 0;
    int attempt = 0;
    std::string published;  ///< of the first story, as the reader sees it
    Time at;
  };

  ScriptedChannel(ChannelKind kind, Clock& clock) : kind_(kind), clock_(clock) {}

  ChannelKind kind() const override { return kind_; }
  unsigned concurrency() const override { return 4; }
  bool recognises_repeats() const override { return kind_ != ChannelKind::whatsapp; }
  bool has_one_service() const override { return kind_ != ChannelKind::webhook; }
  std::span<const Duration> retry_steps() const override;
  std::size_t handful() const override { return handful_; }
  boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) override;

  std::vector<Sent> sent;
  std::deque<Outcome> answers;
  /// Readers whose messages get no answer before they are released.
  std::set<std::string> hold;
  void release(const std::string& reader);
  /// Those that are held have not begun, so that a recall brings them back, and they are held no longer.
  bool gives_back = false;
  void recall() override;
  /// Called before an answer is given; a test may change the world in the middle of a sending.
  std::function<void(const Sent&)> while_sending;

  /// So many deliveries are under way together, and their outcomes are recorded together.
  void set_handful(std::size_t size) { handful_ = size; }

 private:
  boost::asio::awaitable<Outcome> send_one(const Outgoing& message);

  ChannelKind kind_;
  Clock& clock_;
  std::size_t handful_ = 1;
  std::map<std::string, boost::asio::steady_timer*> held_;  // in the frames of send()
  std::set<std::string> recalled_;
};

class Belts {
 public:
  /// `rules` is YAML of topics, editions and subscribers; a site and all channels are there.
  /// `database` is a file that an earlier crier left; empty = a new one.
  Belts(std::string_view rules, Time start, const std::filesystem::path& database = {});
  ~Belts();

  /// As a reload: these rules take the place of those before.
  void reload(std::string_view rules);

  /// Hands a story in and waits until it is accepted.
  Accepted accept(Story story, Authority authority = Authority::all_stories) {
    return accept(std::move(story), Arrival{.authority = authority});
  }
  Accepted accept(Story story, Arrival arrival);
  /// Takes the stories that are put into a folder, until the belts end or crash.
  void watch(FolderConfig folder);
  /// Orders about a story that was seen; wait as accept() does.
  std::optional<Accepted> cancel(std::string id);
  std::optional<Accepted> split(std::string id);
  /// Gives an operator's order, which is carried out when the belts settle; a drop waits for what is under
  /// way.
  void give(Order order);
  std::vector<Result<CarriedOut>> carried_out;
  /// Runs until nothing more happens at this time.
  void settle();
  /// Settles, moves the clock and settles again.
  void advance(Duration by);
  /// Moves the clock alone; what is due then is done step by step: one that the loop has to do, and what the
  /// threads do for it. False when nothing was left.
  void pass(Duration by) { clock_.advance(by); }
  bool step();
  /// As a kill -9 and a new start: everything in memory is gone.
  void crash();

  /// Starts anew with these limits.
  void limit(std::vector<DomainLimits> domains);

  /// Throws when it balances and its channels or lanes do not come to the total.
  Ledger ledger(std::string_view what = {});
  ScriptedChannel& channel(ChannelKind kind) { return *channels_.at(kind); }
  void suppress(ChannelKind kind, std::string_view address, std::string reason);
  /// What no belt would do to the database.
  void change_database(const std::function<void(Sqlite&)>& change);
  bool has_room = true;               ///< for stories
  std::vector<std::string> failures;  ///< tasks that ended by an exception; must stay empty

 private:
  class Loop : public boost::asio::io_context {
   public:
    using io_context::io_context;
    /// Destroys every coroutine and handler that is on it; nothing runs on it afterwards.
    void drop() { shutdown(); }
  };

  std::shared_ptr<const Newsroom> load(std::string_view rules);
  void start();
  void end();
  void let_threads_finish();

  TempFolder folder_;
  std::shared_ptr<const Newsroom> newsroom_;
  ManualClock clock_;
  Metrics metrics_;
  boost::asio::io_context aside_{1};  // for waiting while the belts' loop stands still
  Workers workers_{1};                // one, as settle() expects
  std::unique_ptr<Loop> loop_;
  std::optional<Database> database_;
  SuppressionList suppressions_;
  std::vector<DomainLimits> domains_;
  std::map<ChannelKind, std::unique_ptr<ScriptedChannel>> channels_;
  std::optional<Courier> courier_;
  std::optional<Intake> intake_;
  std::optional<DigestDesk> desk_;
  std::optional<OrderDesk> order_desk_;
  std::list<FolderIntake> folders_;
  std::optional<TaskGroup> tasks_;
};

/// A usable story.
Story sample_story(std::string id, std::string title, std::string body = {});

Time at(std::string_view rfc3339);

}  // namespace crier::test
