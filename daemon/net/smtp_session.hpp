// SmtpSession: the client's side of an SMTP dialogue as a state machine without I/O (RFC 5321), one recipient
// a message. The shell writes output(), reports what was written and what came, in both directions at once;
// all decisions are here.
//
// How messages follow one another is a ladder; EHLO and SmtpMode say how high it goes:
// - bdat (PIPELINING RFC 2920, CHUNKING RFC 3030): as many whole messages as the window holds, unanswered.
// - overlapped (PIPELINING): a body, its dot and the next message's MAIL, RCPT and DATA together.
// - lockstep: each command waits for the reply to the one before.
//
// No message reaches another's reader: a transaction that may still be open is ended by RSET before the next
// MAIL. Between the messages of a window it always is, since nobody knows yet how the one before ended: a
// server that has refused a chunk keeps the transaction and its recipient.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/envelope.hpp"
#include "net/mail_pieces.hpp"
#include "net/smtp_opening.hpp"
#include "net/smtp_reply.hpp"

namespace crier {

enum class SmtpMode {
  automatic,   ///< bdat where offered, once the server has taken an empty chunk
  bdat,        ///< bdat where offered, at its word
  overlapped,  ///< at most that
  lockstep,
};

/// How much may be under way at once in mode bdat.
struct SmtpWindow {
  std::size_t bytes = 256UL * 1024;  ///< though one message always may
  std::size_t messages = 64;
};

/// What became of a message.
struct SmtpDecision {
  std::uint64_t number = 0;  ///< what submit() returned
  SmtpResult result;
};

class SmtpSession {
 public:
  /// `helo` names this host.
  SmtpSession(std::string helo, SmtpSecurity security, SmtpLogin login, SmtpMode mode = SmtpMode::automatic,
              SmtpWindow window = {});
  ~SmtpSession();

  // ---- what the shell is to do

  bool wants_handshake() const { return opening_.step() == SmtpOpening::Step::handshake && !closed_; }
  /// To be written, in this order; then written(). Pieces of a message stay the owner's until it is decided.
  std::span<const std::string_view> output() const { return std::span(output_).subspan(output_begin_); }
  bool awaits_reply() const;
  /// Whether what the next reply answers has been written.
  bool is_asked() const;
  /// What the next reply answers.
  SmtpStage stage() const;
  /// Replies heard so far.
  std::uint64_t replies() const { return replies_; }
  /// Open, and nothing is under way.
  bool is_idle() const { return is_open() && !quitting_ && in_flight_ == 0 && waiting_.empty(); }
  /// Whether a message that was sent as a whole awaits its reply: left now, it would be in doubt.
  bool awaits_verdict() const;
  /// The socket is to be closed; every message is decided.
  bool is_closed() const { return closed_; }
  const SmtpCapabilities& capabilities() const { return opening_.capabilities(); }
  /// Whether the server is asked more than one thing at a time; known once the connection was open.
  bool is_pipelined() const {
    return opening_.step() == SmtpOpening::Step::open && mode_ != SmtpMode::lockstep;
  }
  /// What mode `automatic` has found out about the server, beyond its own word: bdat or overlapped.
  std::optional<SmtpMode> learnt() const { return learnt_; }

  // ---- what the shell reports

  /// The socket is connected; under SmtpSecurity::implicit a handshake comes first.
  void connected();
  void secured();
  void handshake_failed(std::string_view why);
  /// The next `bytes` of output() are out of our hands.
  void written(std::size_t bytes);
  void received(std::string_view bytes);
  /// The connection broke or a stage took too long. `reason` is countable: "timeout", "connection-lost".
  void lost(std::string_view reason, std::string_view what);

  // ---- what the owner wants

  /// Also before the connection is open; not after it is closed. What `message` points to stays until it is
  /// decided. Numbers count up from 0.
  std::uint64_t submit(const MailPieces& message);
  /// What was decided since the last call, in the order of decision: that of submission, but what cannot be
  /// sent at all is decided before it is its turn to be answered.
  void take_decided(std::vector<SmtpDecision>& into);
  /// What has not been begun is not to be: it is decided as not sent, for `reason`.
  void give_back(std::string_view reason, std::string_view what);
  /// Only when idle.
  void quit();

 private:
  struct Transaction;
  struct Waiting {
    std::uint64_t number = 0;
    MailPieces mail;
    MailFacts facts;
  };

  bool is_open() const { return opening_.step() == SmtpOpening::Step::open && !closed_; }
  Transaction& front();
  const Transaction& front() const;
  bool may_be_taken(const Transaction& transaction) const;

  void follow_opening();
  void handle(const SmtpReply& reply);
  void handle_transaction(const SmtpReply& reply);
  void accept(int code, std::string_view line);
  void advance(bool agreed);
  void complete();
  void finish();
  void begin_again(SmtpMode mode);

  void proceed();
  bool may_begin() const;
  void begin();
  std::optional<SmtpResult> refuse_unsent(const Waiting& next, WireAddress& to);
  void write_commands(Transaction& begun, const WireAddress& to);
  void ask_next();
  void push_body(const Transaction& transaction);
  void push(std::string_view bytes);

  void decide(std::uint64_t number, SmtpResult result);
  void hang_up(const SmtpReply& reply);
  void desync(std::string_view sentence);
  void end_all(const SmtpResult& current, const SmtpResult& untouched, bool in_doubt);

  SmtpOpening opening_;
  SmtpReplyParser parser_;
  SmtpMode mode_;  // the rung in use, once open
  const SmtpWindow window_;
  std::optional<SmtpMode> learnt_;
  bool closed_ = false;
  bool quitting_ = false;
  bool needs_reset_ = false;  // the last transaction may still be open
  std::uint64_t replies_ = 0;

  std::vector<std::string_view> output_;
  std::size_t output_begin_ = 0;  // what stands before was written
  std::uint64_t pushed_ = 0;      // bytes put into the output, ever
  std::uint64_t written_ = 0;     // of these

  std::uint64_t next_number_ = 0;
  std::deque<Waiting> waiting_;
  std::vector<Transaction> ring_;  // those under way: in_flight_ of them from first_ on
  std::size_t first_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t bytes_in_flight_ = 0;
  bool window_full_ = false;  // and not half empty again
  std::vector<SmtpDecision> decided_;

  std::string known_from_;  // the reverse-path used last, and its form on the wire
  WireAddress known_wire_from_;
};

}  // namespace crier
