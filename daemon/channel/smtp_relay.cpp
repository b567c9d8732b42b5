#include "channel/smtp_relay.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/finally.hpp"
#include "base/log.hpp"
#include "channel/mail_thread.hpp"
#include "channel/smtp_outcome.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;
using SteadyTime = std::chrono::steady_clock::time_point;

// While one is being answered the next is on its way.
constexpr std::size_t handfuls_per_connection = 2;

// What is not sent because crier stops, or because it was recalled.
Outcome not_begun(bool is_stopping) {
  Outcome outcome;
  outcome.reason = is_stopping ? smtp_stopping : smtp_recalled;
  outcome.untried = true;
  outcome.recalled = !is_stopping;
  return outcome;
}

}  // namespace

// A connection of the pool, as the loop knows it. The connection itself belongs to its thread.
struct SmtpRelay::Pooled {
  Pooled(MailThread& its, const std::shared_ptr<asio::ssl::context>& tls, const SmtpServer& server)
      : thread(its), connection(its.thread.executor(), its.resolver, tls, server) {
    ++thread.connections;
  }

  MailThread& thread;
  SmtpConnection connection;
  std::size_t handfuls = 0;  // under way
  std::size_t messages = 0;  // in them
  std::size_t given = 0;     // messages, so far
  bool is_open = true;       // or being opened
  SteadyTime begun = std::chrono::steady_clock::now();
  SteadyTime idle_since;
  bool is_spent = false;  // the server wants no more by it
  bool leaving = false;   // says QUIT
};

// What came of a handful, and how its connection is since.
struct SmtpRelay::Sent {
  std::vector<SmtpResult> results;
  bool is_open = false;
  bool is_pipelined = false;
  std::optional<SmtpMode> learnt;
};

struct SmtpRelay::Timers {
  explicit Timers(const asio::any_io_executor& executor) : reaper(executor), patience(executor) {}
  asio::steady_timer reaper;
  asio::steady_timer patience;
  bool reaps = false;
};

struct SmtpRelay::Turn {
  explicit Turn(const asio::any_io_executor& executor) : timer(executor, SteadyTime::max()) {}
  asio::steady_timer timer;  // cancelled when it is this one's turn
  std::shared_ptr<Pooled> given;
};

SmtpRelay::SmtpRelay(asio::any_io_executor loop, std::span<const std::unique_ptr<MailThread>> threads,
                     SmtpRelayOptions options)
    : loop_(std::move(loop)),
      threads_(threads),
      options_(std::move(options)),
      tls_(make_smtp_tls(options_.ca_file)),
      timers_(std::make_unique<Timers>(loop_)),
      allowed_(std::min<std::size_t>(options_.connections, 2)),
      tasks_(loop_, [](const std::string& task, const std::string& what) {
        log::error("smtp.task_failed", {{"task", task}, {"what", what}});
      }) {}

SmtpRelay::~SmtpRelay() = default;

// ---- the pool

// How many more messages a connection may be given.
std::size_t SmtpRelay::room(const Pooled& pooled) const {
  const auto age = std::chrono::steady_clock::now() - pooled.begun;
  if (pooled.leaving || pooled.is_spent || age >= options_.time_per_connection ||
      pooled.given >= options_.messages_per_connection)
    return 0;
  return options_.messages_per_connection - pooled.given;
}

std::size_t SmtpRelay::count_open() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(pool_, [](const auto& each) { return each->is_open; }));
}

std::optional<PoolState> SmtpRelay::pool() const {
  return PoolState{.most = options_.connections,
                   .messages_per_connection = options_.messages_per_connection,
                   .time_per_connection = options_.time_per_connection,
                   .open = count_open(),
                   .allowed = allowed_,
                   .is_cut = full_at_ && allowed_ < options_.connections};
}

// The warmest that is idle, else a new one, else the one with the least to do. Null when all have enough.
std::shared_ptr<SmtpRelay::Pooled> SmtpRelay::pick() {
  std::shared_ptr<Pooled> idle;
  std::shared_ptr<Pooled> shared;
  for (const auto& each : pool_) {
    if (room(*each) == 0) continue;
    if (each->handfuls == 0) {
      if (!idle || each->idle_since > idle->idle_since) idle = each;
    } else if (each->handfuls < handfuls_per_connection && each->is_open) {
      if (!shared || each->messages < shared->messages) shared = each;
    }
  }
  if (idle) return idle;
  return pool_.size() < allowed_ ? pool_.emplace_back(make_connection()) : shared;
}

// On the thread that has the fewest. It is destroyed there, too.
std::shared_ptr<SmtpRelay::Pooled> SmtpRelay::make_connection() const {
  auto& thread =
      **std::ranges::min_element(threads_, {}, [](const auto& each) { return each->connections.load(); });
  auto server = options_.server;
  if (options_.password_now) server.login.password = options_.password_now();
  return {new Pooled(thread, tls_, server), [&thread](Pooled* pooled) {
            --thread.connections;
            asio::post(thread.thread.executor(), [owned = std::unique_ptr<Pooled>(pooled)] {});
          }};
}

// Null when nothing more is to be sent, or there was a recall since there were so many.
asio::awaitable<std::shared_ptr<SmtpRelay::Pooled>> SmtpRelay::take(std::uint64_t recalls) {
  const auto is_off = [&] { return winding_up_ || recalls_ != recalls; };
  if (is_off()) co_return nullptr;
  std::shared_ptr<Pooled> pooled;
  if (waiting_.empty()) pooled = pick();
  if (pooled) {
    ++pooled->handfuls;
    co_return pooled;
  }
  Turn turn(loop_);
  const auto place = waiting_.insert(waiting_.end(), &turn);
  const Finally leave([&] {
    if (!turn.given) waiting_.erase(place);
  });
  boost::system::error_code woken;
  co_await turn.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  if (is_off()) {
    if (turn.given) put_back(turn.given);
    co_return nullptr;
  }
  if (!turn.given) throw boost::system::system_error(asio::error::operation_aborted);
  co_return turn.given;
}

void SmtpRelay::give_turns() {
  while (!waiting_.empty() && !winding_up_) {
    auto pooled = pick();
    if (!pooled) return;
    ++pooled->handfuls;
    auto* next = waiting_.front();
    waiting_.pop_front();
    next->given = std::move(pooled);
    next->timer.cancel();
  }
}

void SmtpRelay::put_back(const std::shared_ptr<Pooled>& pooled) {
  --pooled->handfuls;
  if (pooled->handfuls == 0) {
    if (!pooled->is_open) {
      std::erase(pool_, pooled);
    } else if (room(*pooled) == 0 || winding_up_) {
      say_goodbye(pooled);
    } else {
      pooled->idle_since = std::chrono::steady_clock::now();
      if (!std::exchange(timers_->reaps, true)) tasks_.start("smtp-reap", reap());
    }
  }
  give_turns();
}

void SmtpRelay::say_goodbye(const std::shared_ptr<Pooled>& pooled) {
  pooled->leaving = true;
  tasks_.start("smtp-quit", quit(pooled));
}

// Keeps its place in the pool: no more connections than the relay is meant to have.
asio::awaitable<void> SmtpRelay::quit(std::shared_ptr<Pooled> pooled) {
  co_await pooled->thread.thread.run(quit_there(*pooled));
  std::erase(pool_, pooled);
  if (has_stopped()) timers_->patience.cancel();
  give_turns();
}

asio::awaitable<bool> SmtpRelay::quit_there(Pooled& pooled) {
  co_await pooled.connection.quit();
  co_return true;
}

// Runs while anything is idle.
asio::awaitable<void> SmtpRelay::reap() {
  while (!stopping_) {
    const auto next = part_from_idle();
    if (next == SteadyTime::max()) break;
    timers_->reaper.expires_at(next);
    boost::system::error_code woken;
    co_await timers_->reaper.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  timers_->reaps = false;
}

// From those that have been idle or open for long enough. Returns when the next will have been.
SteadyTime SmtpRelay::part_from_idle() {
  const auto now = std::chrono::steady_clock::now();
  auto next = SteadyTime::max();
  const auto pool = pool_;  // which goodbyes change
  for (const auto& each : pool) {
    if (each->handfuls > 0 || each->leaving) continue;
    const auto due =
        std::min(each->idle_since + options_.idle_timeout, each->begun + options_.time_per_connection);
    if (due <= now)
      say_goodbye(each);
    else
      next = std::min(next, due);
  }
  return next;
}

void SmtpRelay::recall() {
  ++recalls_;
  for (auto* turn : waiting_) turn->timer.cancel();
  for (const auto& each : pool_)
    asio::post(each->thread.thread.executor(), [each] { each->connection.recall(); });
}

void SmtpRelay::wind_up(Duration patience) {
  if (std::exchange(winding_up_, true)) return;
  for (auto* turn : waiting_) turn->timer.cancel();
  end_all(SmtpEnding::all_begun);
  const auto pool = pool_;  // which goodbyes change
  for (const auto& each : pool)
    if (each->handfuls == 0 && !each->leaving) say_goodbye(each);
  tasks_.start("smtp-patience", lose_patience(patience));
}

void SmtpRelay::end_all(SmtpEnding ending) {
  for (const auto& each : pool_)
    asio::post(each->thread.thread.executor(), [each, ending] { each->connection.end(ending); });
}

bool SmtpRelay::has_stopped() const {
  return stopping_ && pool_.empty();
}

// A server that does answer is not left in the middle.
asio::awaitable<void> SmtpRelay::lose_patience(Duration patience) {
  const auto begun = std::chrono::steady_clock::now();
  co_await wait_until(begun + std::min(options_.manners, patience));
  end_all(SmtpEnding::only_replies);
  co_await wait_until(begun + patience);
  end_all(SmtpEnding::nothing);
}

// Or until nothing is left.
asio::awaitable<void> SmtpRelay::wait_until(SteadyTime time) {
  if (has_stopped()) co_return;
  timers_->patience.expires_at(time);
  boost::system::error_code woken;
  co_await timers_->patience.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

asio::awaitable<void> SmtpRelay::stop() {
  stopping_ = true;
  timers_->reaper.cancel();
  if (has_stopped()) timers_->patience.cancel();
  const auto pool = pool_;  // which goodbyes change
  for (const auto& each : pool)
    if (!each->leaving) say_goodbye(each);
  co_await tasks_.join();
}

// ---- delivering

unsigned SmtpRelay::handful() const {
  const auto share = std::max<std::size_t>(options_.server.window.messages / handfuls_per_connection, 1);
  return pipelined_ ? static_cast<unsigned>(share) : 1;
}

unsigned SmtpRelay::concurrency() const {
  return static_cast<unsigned>(pipelined_ ? allowed_ * handfuls_per_connection : allowed_);
}

unsigned SmtpRelay::most_concurrency() const {
  return static_cast<unsigned>(options_.connections * handfuls_per_connection);
}

asio::awaitable<std::vector<Outcome>> SmtpRelay::deliver(std::span<const MailPieces> messages) {
  std::vector<Outcome> outcomes(messages.size());
  std::vector<std::size_t> left(messages.size());  // the positions of those that are not decided
  std::iota(left.begin(), left.end(), 0U);
  bool may_find_it_full = true;  // and go by a connection that is there
  const auto recalls = recalls_;
  while (!left.empty()) {
    const auto pooled = co_await take(recalls);
    if (!pooled) {
      for (const auto position : left) outcomes[position] = not_begun(winding_up_);
      break;
    }
    const auto before = left;
    const bool was_full = co_await attempt(*pooled, messages, left, outcomes);
    put_back(pooled);
    if (was_full && count_open() > 0 && std::exchange(may_find_it_full, false)) left = before;
  }
  co_return outcomes;
}

// Gives the connection as many of those that are left as it has room for. What it has decided is left no
// longer; nor is what it has not, unless another connection may do better. True when the server was full.
asio::awaitable<bool> SmtpRelay::attempt(Pooled& pooled, std::span<const MailPieces> messages,
                                         std::vector<std::size_t>& left, std::vector<Outcome>& outcomes) {
  const auto count = std::min(left.size(), room(pooled));
  if (count == 0) co_return false;  // others have filled it since it was given
  std::vector<MailPieces> part;
  part.reserve(count);
  for (std::size_t i = 0; i < count; ++i) part.push_back(messages[left[i]]);
  const bool was_used = pooled.given > 0;
  pooled.messages += count;
  pooled.given += count;
  auto sent = co_await pooled.thread.thread.run(send_there(pooled, part));
  pooled.messages -= count;
  auto& results = sent.results;
  pooled.is_spent |= std::ranges::any_of(results, is_enough);
  pooled.is_open = sent.is_open;
  const auto recalled = std::ranges::count(results, smtp_recalled, &SmtpResult::reason);
  pooled.given -= static_cast<std::size_t>(recalled);
  if (static_cast<std::size_t>(recalled) < count) learn_from(sent);
  const bool was_full = is_full(results.front());
  if (was_full) make_fewer();
  if (std::ranges::any_of(results, [](const auto& each) { return each.verdict == SmtpVerdict::accepted; }))
    make_more();
  const auto hung_up_on = std::ranges::count_if(results, was_hung_up_on);
  const bool try_again = was_used || static_cast<std::size_t>(hung_up_on) < count;
  std::vector<std::size_t> still_left;
  for (std::size_t i = 0; i < count; ++i) {
    if (try_again && was_hung_up_on(results[i]))
      still_left.push_back(left[i]);
    else
      outcomes[left[i]] = to_outcome(std::move(results[i]));
  }
  still_left.insert(still_left.end(), left.begin() + static_cast<std::ptrdiff_t>(count), left.end());
  left = std::move(still_left);
  co_return was_full;
}

asio::awaitable<SmtpRelay::Sent> SmtpRelay::send_there(Pooled& pooled, std::span<const MailPieces> messages) {
  auto& connection = pooled.connection;
  auto results = co_await connection.send(messages);
  co_return Sent{std::move(results), connection.is_open(), connection.is_pipelined(), connection.learnt()};
}

void SmtpRelay::make_more() {
  constexpr auto growth_time = std::chrono::seconds(30);
  if (allowed_ >= options_.connections) return;
  const auto now = std::chrono::steady_clock::now();
  if (!full_at_) {
    allowed_ = std::min(allowed_ * 2, options_.connections);
  } else if (now >= std::max(*full_at_, grown_at_) + growth_time) {
    ++allowed_;
    grown_at_ = now;
  } else {
    return;
  }
  give_turns();
}

// What several connections hear at once is one word. No more are made than are open.
void SmtpRelay::make_fewer() {
  constexpr auto one_word = std::chrono::seconds(5);
  const auto now = std::chrono::steady_clock::now();
  const bool is_new = !full_at_ || now >= *full_at_ + one_word;
  const auto half = is_new ? allowed_ / 2 : allowed_;
  allowed_ = std::max<std::size_t>(std::min(half, count_open()), 1);
  if (!is_new) return;
  full_at_ = now;
  log::warn("smtp.full", {{"relay", options_.server.host}, {"connections", allowed_}});
}

// So that not every connection has to find it out.
void SmtpRelay::learn_from(const Sent& sent) {
  if (sent.is_open) pipelined_ = sent.is_pipelined;
  if (!sent.learnt || *sent.learnt == options_.server.mode) return;
  if (*sent.learnt == SmtpMode::overlapped) {
    log::warn("smtp.no_bdat", {{"relay", options_.server.host},
                               {"next", "it offers CHUNKING and refuses BDAT; mail goes by DATA"}});
  }
  options_.server.mode = *sent.learnt;
}

}  // namespace crier
