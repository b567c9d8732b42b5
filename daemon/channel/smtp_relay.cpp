#include "channel/smtp_relay.hpp"

#include <algorithm>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/core.h>

#include "base/finally.hpp"
#include "base/log.hpp"
#include "base/url.hpp"
#include "net/ip_address.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;
namespace urls = boost::urls;
using SteadyTime = std::chrono::steady_clock::time_point;

Result<void> read_parameter(const std::string& key, const std::string& value, SmtpServer& server) {
  if (key == "starttls" && server.security != SmtpSecurity::implicit) {
    if (value == "required")
      server.security = SmtpSecurity::starttls;
    else if (value == "opportunistic")
      server.security = SmtpSecurity::opportunistic;
    else if (value == "off")
      server.security = SmtpSecurity::off;
    else
      return Error{"relay URL: starttls is required, opportunistic or off"};
    return {};
  }
  if (key == "auth") {
    if (value != "plain" && value != "xoauth2") return Error{"relay URL: auth is plain or xoauth2"};
    server.login.xoauth2 = value == "xoauth2";
    return {};
  }
  return Error{fmt::format("relay URL: unknown parameter \"{}\"; known: starttls (smtp:// only), auth", key)};
}

// The recipient was already accepted, so what is refused is the message, unless the reply names the mailbox.
bool speaks_of_message(const SmtpResult& result) {
  if (result.stage == SmtpStage::recipient) return false;
  return !result.enhanced.starts_with("5.1.") && !result.enhanced.starts_with("5.2.");
}

}  // namespace

Result<SmtpServer> parse_smtp_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url || (url->scheme() != "smtp" && url->scheme() != "smtps") || url->host().empty())
    return Error{"relay URL: not of the form smtp://user@host:port or smtps://user@host:port"};
  if (url->has_password()) return Error{"relay URL: a password does not belong in it; give it by a file"};
  if (url->has_fragment() || (!url->encoded_path().empty() && url->encoded_path() != "/"))
    return Error{"relay URL: nothing but parameters (?starttls=…) may follow the port"};
  SmtpServer server;
  const bool implicit = url->scheme() == "smtps";
  server.host = url->host_type() == urls::host_type::ipv6 ? std::string(url->host_address()) : url->host();
  server.port = implicit ? 465 : 25;
  if (url->has_port()) {
    const auto port = parse_port(std::string_view(url->port()));
    if (!port) return Error{"relay URL: the port is not a number from 1 to 65535"};
    server.port = *port;
  }
  const bool loopback = is_loopback_host(server.host);
  server.security = implicit   ? SmtpSecurity::implicit
                    : loopback ? SmtpSecurity::opportunistic
                               : SmtpSecurity::starttls;
  server.login.user = url->user();
  server.login.allow_in_clear = loopback;
  for (const auto& parameter : url->params()) {
    if (const auto read = read_parameter(parameter.key, parameter.value, server); !read) return read.error();
  }
  const bool verified =
      server.security == SmtpSecurity::implicit || server.security == SmtpSecurity::starttls;
  if (!server.login.user.empty() && !verified && !loopback)
    return Error{"relay URL: a login needs starttls=required or smtps:// to a host that is not this one"};
  return server;
}

Outcome to_outcome(const SmtpResult& result) {
  Outcome outcome;
  outcome.reason = result.reason;
  outcome.reply = result.text;
  switch (result.verdict) {
    case SmtpVerdict::accepted:
      outcome.kind = OutcomeKind::delivered;
      outcome.reason.clear();
      break;
    case SmtpVerdict::permanent:
      outcome.kind = OutcomeKind::refused;
      outcome.blames_sender = result.stage != SmtpStage::mail ? speaks_of_message(result) : result.code != 0;
      break;
    case SmtpVerdict::sender:
      outcome.blames_sender = true;
      break;
    case SmtpVerdict::ambiguous:
      outcome.kind = OutcomeKind::ambiguous;
      break;
    case SmtpVerdict::transient: {
      const bool is_answer = result.stage == SmtpStage::recipient || result.stage == SmtpStage::data ||
                             result.stage == SmtpStage::body;
      outcome.about_delivery = is_answer && result.code != 0 && result.code != 421;
      break;
    }
    case SmtpVerdict::desync:
      break;
  }
  return outcome;
}

struct SmtpRelay::Idle {
  std::unique_ptr<SmtpConnection> connection;
  SteadyTime since;
};

struct SmtpRelay::Turn {
  explicit Turn(const asio::any_io_executor& executor) : timer(executor, SteadyTime::max()) {}
  asio::steady_timer timer;  // cancelled when it is this one's turn
  bool come = false;
};

SmtpRelay::SmtpRelay(asio::any_io_executor executor, Resolver& resolver, SmtpRelayOptions options)
    : executor_(std::move(executor)),
      resolver_(resolver),
      options_(std::move(options)),
      tls_(make_smtp_tls(options_.ca_file)),
      tasks_(executor_, [](const std::string& task, const std::string& what) {
        log::error("smtp.task_failed", {{"task", task}, {"what", what}});
      }) {}

SmtpRelay::~SmtpRelay() = default;

asio::awaitable<void> SmtpRelay::wait_for_turn() {
  if (busy_ < options_.connections) {
    ++busy_;
    co_return;
  }
  Turn turn(executor_);
  const auto place = waiting_.insert(waiting_.end(), &turn);
  const Finally leave([&] {
    if (!turn.come) waiting_.erase(place);
  });
  boost::system::error_code woken;
  co_await turn.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  if (!turn.come) throw boost::system::system_error(asio::error::operation_aborted);
}

void SmtpRelay::give_turn() {
  if (waiting_.empty()) {
    --busy_;
    return;
  }
  auto* next = waiting_.front();
  waiting_.pop_front();
  next->come = true;  // `busy_` passes on with it
  next->timer.cancel();
}

asio::awaitable<std::vector<Outcome>> SmtpRelay::deliver(std::span<const MailPieces> messages) {
  co_await wait_for_turn();
  const Finally release([this] { give_turn(); });
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  std::vector<Outcome> outcomes;
  for (const auto& message : messages) {
    std::string bytes;
    for (const auto& piece : message.pieces) bytes += piece.bytes();
    const Envelope envelope{std::string(message.from), std::string(message.to),
                            std::string(message.message_id)};
    outcomes.push_back(to_outcome(co_await attempt(envelope, bytes)));
  }
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_return outcomes;
}

asio::awaitable<SmtpResult> SmtpRelay::attempt(const Envelope& envelope, std::string_view message) {
  auto connection = take_idle();
  const bool reused = connection != nullptr;
  if (!reused) connection = std::make_unique<SmtpConnection>(executor_, resolver_, tls_, options_.server);
  auto result = co_await connection->send(envelope, message);
  // Servers end idle connections when they like: before MAIL was accepted that is no failure of this message.
  const bool before_mail = result.stage == SmtpStage::reset || result.stage == SmtpStage::mail;
  const bool hung_up = result.verdict == SmtpVerdict::transient && (result.code == 421 || result.code == 0);
  if (reused && before_mail && hung_up) result = co_await connection->send(envelope, message);
  co_await put_back(std::move(connection));
  co_return result;
}

std::unique_ptr<SmtpConnection> SmtpRelay::take_idle() {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);  // the warmest
    idle_.pop_back();
    if (connection->is_usable()) return connection;
  }
  return nullptr;
}

asio::awaitable<void> SmtpRelay::put_back(std::unique_ptr<SmtpConnection> connection) {
  if (!connection->is_usable()) co_return;
  if (connection->messages() >= options_.messages_per_connection) {
    co_await connection->quit();
    co_return;
  }
  idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
  if (!reaping_) {
    reaping_ = true;
    tasks_.start("smtp-reap", reap());
  }
}

// Runs while anything is idle.
asio::awaitable<void> SmtpRelay::reap() {
  asio::steady_timer timer(executor_);
  while (!idle_.empty()) {
    const auto due = idle_.front().since + options_.idle_timeout;
    if (due > std::chrono::steady_clock::now()) {
      timer.expires_at(due);
      co_await timer.async_wait(asio::use_awaitable);
      continue;
    }
    const auto connection = std::move(idle_.front().connection);
    idle_.pop_front();
    co_await connection->quit();
  }
  reaping_ = false;
}

asio::awaitable<void> SmtpRelay::stop() {
  tasks_.stop();
  co_await tasks_.join();
  while (!idle_.empty()) {
    const auto connection = std::move(idle_.front().connection);
    idle_.pop_front();
    co_await connection->quit();
  }
}

}  // namespace crier
