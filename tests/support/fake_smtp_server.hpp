// FakeSmtpServer: speaks SMTP on loopback, on the test's own loop, and answers what the script says.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "support/certificate.hpp"

namespace crier::test {

struct FakeReply {
  enum class Manner {
    say,            ///< the text, then go on
    say_and_close,  ///< the text, then hang up
    hang,           ///< nothing, and keep the connection
    drip,           ///< one byte each few milliseconds, never the end of the line
    late,           ///< the text, after some time
  };
  std::string text;  ///< without the final CRLF; may hold several lines
  Manner manner = Manner::say;
};

struct FakeSmtpScript {
  std::vector<std::string> extensions = {"PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 1000000",
                                         "ENHANCEDSTATUSCODES"};
  std::optional<Certificate> certificate;  ///< offers STARTTLS
  bool implicit_tls = false;               ///< TLS from the first byte
  bool knows_bdat = true;                  ///< else its chunks are taken for commands
  bool answers_chunks_early = false;       ///< those it refuses, before it has read them
  bool asks_for_data_always = false;       ///< although no recipient was accepted
  /// By verb ("GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "BDAT", "RSET", "QUIT"): the next
  /// replies in order; when there are none left, the server accepts what comes at the right time. A refused
  /// chunk leaves the transaction open.
  std::map<std::string, std::deque<FakeReply>> replies;
  /// Stops reading a message after this many bytes and answers as "BODY" says.
  std::optional<std::size_t> body_limit;
};

struct FakeDelivery {
  std::vector<std::string> recipients;
  std::string message;
};

class FakeSmtpServer {
 public:
  FakeSmtpServer(boost::asio::io_context& loop, FakeSmtpScript script);
  ~FakeSmtpServer();

  std::uint16_t port() const;
  /// Every command line of every connection, in order; "BODY" stands for a message.
  const std::vector<std::string>& commands() const;
  /// As received between DATA and the dot, dots unstuffed, or by BDAT; also those refused.
  const std::vector<std::string>& messages() const;
  /// What was accepted, with all recipients that it reached.
  const std::vector<FakeDelivery>& deliveries() const;
  int connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crier::test
