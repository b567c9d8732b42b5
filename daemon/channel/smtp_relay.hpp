// SmtpRelay: a pool of connections to the operator's SMTP server. The pool lives on the loop, each connection
// on one of the threads for mail: what goes over the wire costs the loop nothing, and more than one core can
// send. What was sent as a whole is waited for, also for a while when crier shuts down; a crash leaves at
// most a window a connection in doubt.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/tasks.hpp"
#include "channel/relay.hpp"
#include "net/smtp_client.hpp"

namespace crier {

struct MailThread;

struct SmtpRelayOptions {
  SmtpServer server;
  /// The password for a connection that is to be made, on the loop: an access token is good for an hour.
  /// Empty = always the server's.
  std::function<std::string()> password_now;
  std::string ca_file;  ///< PEM; empty = the system's
  /// It begins with two at most, and doubles as long as messages are taken. When the server has too many (421
  /// before any message), half of them are made, and one more each half minute.
  std::size_t connections = 5;
  std::size_t messages_per_connection = 1000;
  Duration time_per_connection = std::chrono::minutes(10);  ///< then it is given nothing more
  Duration idle_timeout = std::chrono::seconds(30);
  /// At a stop: how long a server may think about what is no whole message yet.
  Duration manners = std::chrono::seconds(1);
};

class SmtpRelay final : public Relay {
 public:
  /// There is at least one thread; they outlive this. Throws std::runtime_error when `ca_file` cannot be
  /// read.
  SmtpRelay(boost::asio::any_io_executor loop, std::span<const std::unique_ptr<MailThread>> threads,
            SmtpRelayOptions options);
  /// After stop(), or when the loop does not run again.
  ~SmtpRelay() override;

  /// All by one connection, if it has room for them; what a server has hung up on without a word about it
  /// goes to the next one. Cancellation ends the wait for a free connection (operation_aborted), not what has
  /// begun; a caller that needs the Outcomes of all puts its own off.
  boost::asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) override;
  /// A connection that is asked one thing at a time has one message; else two calls share a window, so that
  /// the wire is busy while what became of one is being recorded.
  unsigned handful() const override;
  unsigned concurrency() const override;
  unsigned most_concurrency() const override;
  std::optional<PoolState> pool() const override;
  void recall() override;
  void wind_up(Duration patience) override;
  boost::asio::awaitable<void> stop() override;

 private:
  struct Pooled;
  struct Sent;
  struct Turn;

  std::size_t room(const Pooled& pooled) const;
  std::size_t count_open() const;
  std::shared_ptr<Pooled> pick();
  std::shared_ptr<Pooled> make_connection() const;
  boost::asio::awaitable<std::shared_ptr<Pooled>> take(std::uint64_t recalls);
  void give_turns();
  void put_back(const std::shared_ptr<Pooled>& pooled);
  void say_goodbye(const std::shared_ptr<Pooled>& pooled);
  boost::asio::awaitable<void> quit(std::shared_ptr<Pooled> pooled);
  static boost::asio::awaitable<bool> quit_there(Pooled& pooled);
  boost::asio::awaitable<void> reap();
  std::chrono::steady_clock::time_point part_from_idle();
  void end_all(SmtpEnding ending);
  boost::asio::awaitable<void> lose_patience(Duration patience);
  boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point time);
  bool has_stopped() const;
  boost::asio::awaitable<bool> attempt(Pooled& pooled, std::span<const MailPieces> messages,
                                       std::vector<std::size_t>& left, std::vector<Outcome>& outcomes);
  static boost::asio::awaitable<Sent> send_there(Pooled& pooled, std::span<const MailPieces> messages);
  void make_more();
  void make_fewer();
  void learn_from(const Sent& sent);

  struct Timers;

  boost::asio::any_io_executor loop_;
  std::span<const std::unique_ptr<MailThread>> threads_;
  SmtpRelayOptions options_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::vector<std::shared_ptr<Pooled>> pool_;
  std::list<Turn*> waiting_;  // first come, first served; each belongs to a deliver()
  std::unique_ptr<Timers> timers_;
  std::uint64_t recalls_ = 0;
  bool winding_up_ = false;
  bool stopping_ = false;
  bool pipelined_ = false;                                        // the last connection
  std::size_t allowed_;                                           // connections, for now
  std::optional<std::chrono::steady_clock::time_point> full_at_;  // when the server said so last
  std::chrono::steady_clock::time_point grown_at_;                // `allowed_`, since then
  TaskGroup tasks_;
};

}  // namespace crier
