// What an SMTP server says, read and judged (RFC 5321 §4.2, enhanced codes RFC 3463). Pure; input is hostile.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

/// Where in the dialogue something happened.
enum class SmtpStage {
  connect,
  greeting,
  hello,
  starttls,
  tls,
  auth,
  reset,
  mail,
  recipient,
  data,
  body,
  quit
};

std::string_view to_string(SmtpStage stage);

struct SmtpReply {
  int code = 0;                    ///< 200 to 599
  std::string enhanced;            ///< "5.1.1"; empty when absent or when its class contradicts the code
  std::vector<std::string> lines;  ///< the texts after the code, in order, as bytes

  /// Code and all lines as one line of valid UTF-8, at most 1 KiB.
  std::string text() const;
};

/// A positive reply of one line, as most are.
struct SmtpShortReply {
  int code = 0;           ///< 200 to 399
  std::string_view line;  ///< with the code, without its end; a view into the bytes it came in
};

/// Collects the bytes of one reply. Line ends are CRLF or, leniently, LF.
class SmtpReplyParser {
 public:
  static constexpr std::size_t max_line_bytes = 4096;  // the RFC says 512; real servers say more
  static constexpr std::size_t max_lines = 100;

  enum class Progress { incomplete, complete, malformed };

  /// Takes bytes off the front of `bytes`, at most up to the end of the reply. After `complete` call take();
  /// after `malformed` the connection is beyond help.
  Progress feed(std::string_view& bytes);
  SmtpReply take();
  /// Takes a short reply off the front of `bytes` when one stands there whole; else leaves all to feed().
  std::optional<SmtpShortReply> take_short(std::string_view& bytes) const;

 private:
  Progress end_line();

  SmtpReply reply_;
  std::string line_;
};

enum class SmtpVerdict {
  accepted,
  transient,  ///< not now; nothing was taken
  permanent,  ///< never: this recipient or this message
  sender,     ///< our account, address, reputation or configuration; says nothing about the recipient
  ambiguous,  ///< the connection was lost after the final dot: it may have been taken
  desync,     ///< the server does not speak SMTP as we know it; nothing was taken
};

struct SmtpResult {
  SmtpVerdict verdict = SmtpVerdict::transient;
  SmtpStage stage = SmtpStage::connect;
  int code = 0;          ///< 0 = no reply
  std::string enhanced;  ///< see SmtpReply
  /// Short and countable: "smtp-5.1.1", "smtp-450", "timeout", "connection-lost", "tls". Empty when accepted.
  std::string reason;
  std::string text;  ///< what the server said, or our sentence; one line, at most 1 KiB
};

/// Judges a 4yz or 5yz reply at `stage`. 5yz is final only where it speaks of the recipient or the message:
/// policy, authentication and our own address are the sender's matter, a full mailbox (552, 5.2.2) is
/// transient. Without an enhanced code 550, 551, 553 and 554 are final only when their text says that there
/// is no such recipient: servers give the same codes for blocks, outages and policies. Enhanced codes about
/// the server's system, network or protocol are not final, either.
SmtpResult judge(SmtpStage stage, const SmtpReply& reply);

/// The message was taken by this reply; `line` begins with the code.
SmtpResult accepted_by(int code, std::string_view line);

/// A result for which there is no reply.
SmtpResult own_words(SmtpVerdict verdict, SmtpStage stage, std::string_view reason,
                     std::string_view sentence);

}  // namespace crier
