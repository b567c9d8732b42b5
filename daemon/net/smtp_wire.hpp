// SmtpWire: one connection to an SMTP server from its beginning to its end: SmtpSession with a socket, TLS
// and deadlines. What waits for the socket keeps it alive; close() ends that. Lives on its executor.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/smtp_server.hpp"
#include "net/smtp_session.hpp"
#include "net/tls_session.hpp"

namespace crier {

class Resolver;

/// What one call of SmtpConnection::send() waits for.
struct SmtpBatch {
  SmtpBatch(const boost::asio::any_io_executor& executor, std::size_t count)
      : left(count), results(count), done(executor, std::chrono::steady_clock::time_point::max()) {}

  std::uint64_t first = 0;  ///< the number of its first message
  std::size_t left;
  std::vector<SmtpResult> results;
  boost::asio::steady_timer done;  ///< cancelled when nothing is left
};

/// A wait that is ended by cancelling the timer.
boost::asio::awaitable<void> wait_for(boost::asio::steady_timer& timer);

class SmtpWire : public std::enable_shared_from_this<SmtpWire> {
 public:
  SmtpWire(const boost::asio::any_io_executor& executor, std::shared_ptr<boost::asio::ssl::context> tls,
           const SmtpServer& server)
      : executor_(executor),
        tls_(std::move(tls)),
        server_(server),
        session_(server.helo, server.security, server.login, server.mode, server.window),
        timer_(executor),
        ended_(executor, SteadyTime::max()) {}

  /// The batch and what its messages point to are there until all are decided, or it is forgotten.
  void submit(std::span<const MailPieces> messages, SmtpBatch& batch);
  void forget(SmtpBatch& batch) { std::erase(batches_, &batch); }
  /// Every failure ends the session; cancellation throws operation_aborted.
  boost::asio::awaitable<void> connect(Resolver& resolver);
  boost::asio::awaitable<void> quit();
  void recall();
  void end(SmtpEnding ending);
  /// Does what there is to do and arranges to be called again.
  void pump();
  void close();

  const SmtpSession& session() const { return session_; }
  /// Asks the socket.
  bool is_silent();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  bool is_at_its_end() const;
  void shake_hands();
  void begin_tls();
  void write();
  bool write_views();
  bool write_records();
  void encrypt();
  bool took(ssize_t sent);
  void write_failed(boost::system::error_code ec);
  void count_written(std::size_t bytes);
  void read();
  void read_ended(boost::system::error_code ec, std::size_t got);
  void decrypt();
  void deliver();
  Duration limit() const;
  void set_due();
  void arm();
  void time_is_up();

  boost::asio::any_io_executor executor_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  const SmtpServer server_;
  SmtpSession session_;
  std::vector<SmtpBatch*> batches_;  // each belongs to a send()
  std::vector<SmtpDecision> decided_;
  std::optional<SmtpEnding> ending_;

  std::optional<boost::asio::ip::tcp::socket> socket_;
  std::optional<TlsSession> secured_by_;  // from the handshake on
  bool connected_ = false;
  bool secured_ = false;
  bool writing_ = false;
  bool reading_ = false;
  bool write_failed_ = false;
  std::array<char, 16384> incoming_{};
  std::string record_;  // pieces that are to be one of TLS

  boost::asio::steady_timer timer_;
  SteadyTime due_ = SteadyTime::max();
  SteadyTime armed_ = SteadyTime::max();  // when the timer goes off; not later than due_
  bool late_ = false;
  std::uint64_t replies_ = 0;      // of the session, when due_ was set
  std::size_t block_written_ = 0;  // since due_ was set
  SmtpStage due_stage_ = SmtpStage::connect;
  bool due_asked_ = false;
  bool due_writing_ = false;
  boost::asio::steady_timer ended_;  // cancelled at the end
};

}  // namespace crier
