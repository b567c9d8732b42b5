#include "net/smtp_session.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace crier {
namespace {

constexpr std::string_view reset_command = "RSET\r\n";
constexpr std::string_view data_command = "DATA\r\n";
constexpr std::string_view empty_chunk = "BDAT 0\r\n";
constexpr std::string_view final_dot = ".\r\n";
constexpr std::string_view quit_command = "QUIT\r\n";

// Views in the output that were written are dropped at once when there are as many.
constexpr std::size_t many_views = 4096;

bool is_success(int code) {
  return code >= 200 && code < 300;
}

}  // namespace

// What was asked and answered of one message. `answering` is at most `asked` until all is answered.
struct SmtpSession::Transaction {
  std::uint64_t number = 0;
  MailPieces mail;
  MailFacts facts;
  std::string commands;  // RSET, MAIL, RCPT, and DATA or BDAT … LAST, each with its CRLF
  std::size_t mail_end = 0;
  std::size_t recipient_end = 0;
  SmtpStage asked = SmtpStage::mail;      // the last stage that was put into the output
  SmtpStage answering = SmtpStage::mail;  // the stage of the next reply
  SmtpStage group = SmtpStage::mail;      // the first stage of those that were asked together last
  std::uint64_t group_begin = 0;          // of the connection's bytes: before what was asked together last
  std::uint64_t commands_end = 0;         // after that, but for a body
  std::uint64_t end = 0;                  // after all that was asked
  bool chunked = false;                   // by BDAT
  bool probes = false;                    // by an empty chunk first, in the place of DATA
  bool recipient_taken = false;
  bool lone_dot = false;  // DATA was let in although all was refused
  bool is_over = false;   // the server has ended the transaction
  bool is_answered = false;
  std::optional<SmtpResult> result;  // the first refusal, or what the body came to

  // The commands of these stages; BDAT stands where DATA stands.
  std::string_view text(SmtpStage from, SmtpStage to) const {
    const auto begin = from == SmtpStage::reset       ? 0
                       : from == SmtpStage::mail      ? reset_command.size()
                       : from == SmtpStage::recipient ? mail_end
                                                      : recipient_end;
    const auto text_end = to == SmtpStage::reset       ? reset_command.size()
                          : to == SmtpStage::mail      ? mail_end
                          : to == SmtpStage::recipient ? recipient_end
                                                       : commands.size();
    return std::string_view(commands).substr(begin, text_end - begin);
  }

  SmtpStage after(SmtpStage stage) const {
    switch (stage) {
      case SmtpStage::reset:
        return SmtpStage::mail;
      case SmtpStage::mail:
        return SmtpStage::recipient;
      case SmtpStage::recipient:
        return chunked && !probes ? SmtpStage::body : SmtpStage::data;
      default:
        return SmtpStage::body;
    }
  }

  // Up to where the connection's bytes must have been written before `answering` can be answered.
  std::uint64_t asked_end() const {
    if (answering == SmtpStage::body) return end;
    if (answering == SmtpStage::data) return commands_end;
    return group_begin + text(group, answering).size();
  }

  bool fits(int code) const {
    return answering == SmtpStage::data && !probes ? code == 354 : is_success(code);
  }
};

SmtpSession::SmtpSession(std::string helo, SmtpSecurity security, SmtpLogin login, SmtpMode mode,
                         SmtpWindow window)
    : opening_(std::move(helo), security, std::move(login)),
      mode_(mode),
      window_(window),
      ring_(std::max<std::size_t>(window.messages, 2)) {}

SmtpSession::~SmtpSession() = default;

SmtpSession::Transaction& SmtpSession::front() {
  return ring_[first_];
}

const SmtpSession::Transaction& SmtpSession::front() const {
  return ring_[first_];
}

// ---- what the shell asks

bool SmtpSession::awaits_reply() const {
  if (closed_) return false;
  return quitting_ || in_flight_ > 0 || opening_.step() == SmtpOpening::Step::hear;
}

bool SmtpSession::is_asked() const {
  if (in_flight_ == 0) return written_ == pushed_;
  return written_ >= front().asked_end();
}

SmtpStage SmtpSession::stage() const {
  if (quitting_) return SmtpStage::quit;
  if (opening_.step() != SmtpOpening::Step::open) return opening_.stage();
  return in_flight_ > 0 ? front().answering : SmtpStage::reset;
}

// It was sent as a whole, and nothing was heard of it.
bool SmtpSession::may_be_taken(const Transaction& transaction) const {
  return !transaction.result && transaction.asked == SmtpStage::body && transaction.end <= written_;
}

bool SmtpSession::awaits_verdict() const {
  for (std::size_t i = 0; i < in_flight_; ++i)
    if (may_be_taken(ring_[(first_ + i) % ring_.size()])) return true;
  return false;
}

void SmtpSession::take_decided(std::vector<SmtpDecision>& into) {
  into.clear();
  into.swap(decided_);
}

// ---- what the shell reports

void SmtpSession::connected() {
  opening_.connected();
}

void SmtpSession::secured() {
  opening_.secured();
  follow_opening();
}

void SmtpSession::handshake_failed(std::string_view why) {
  opening_.fail(SmtpVerdict::sender, "tls", why);
  follow_opening();
}

void SmtpSession::written(std::size_t bytes) {
  written_ += bytes;
  while (bytes > 0) {
    auto& view = output_[output_begin_];
    if (bytes < view.size()) {
      view.remove_prefix(bytes);
      break;
    }
    bytes -= view.size();
    ++output_begin_;
  }
  if (output_begin_ == output_.size() || output_begin_ >= many_views) {
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(output_begin_));
    output_begin_ = 0;
  }
  if (in_flight_ > 0 && front().is_answered && front().end <= written_) {
    finish();
    proceed();
  }
}

void SmtpSession::received(std::string_view bytes) {
  while (!bytes.empty() && !closed_) {
    // One command, one reply: more bytes mean that somebody lost count, or writes into the session before
    // TLS.
    if (!awaits_reply()) return desync("the server said more than was asked");
    if (is_open() && !quitting_) {
      if (const auto reply = parser_.take_short(bytes)) {
        ++replies_;
        accept(reply->code, reply->line);
        continue;
      }
    }
    switch (parser_.feed(bytes)) {
      case SmtpReplyParser::Progress::incomplete:
        break;
      case SmtpReplyParser::Progress::malformed:
        return desync("the server's reply is not SMTP");
      case SmtpReplyParser::Progress::complete:
        ++replies_;
        handle(parser_.take());
        break;
    }
  }
  proceed();
}

void SmtpSession::lost(std::string_view reason, std::string_view what) {
  if (closed_) return;
  if (!is_open()) {
    opening_.fail(SmtpVerdict::transient, reason, what);
    return follow_opening();
  }
  end_all(own_words(SmtpVerdict::transient, stage(), reason, what),
          own_words(SmtpVerdict::transient, SmtpStage::mail, reason, what), true);
}

// ---- what the owner wants

std::uint64_t SmtpSession::submit(const MailPieces& message) {
  if (closed_ || quitting_) throw std::logic_error("SmtpSession: submit() after the end");
  waiting_.push_back({next_number_, message, facts_of(message.pieces)});
  proceed();
  return next_number_++;
}

void SmtpSession::give_back(std::string_view reason, std::string_view what) {
  const auto untouched = own_words(SmtpVerdict::transient, SmtpStage::mail, reason, what);
  for (const auto& each : waiting_) decide(each.number, untouched);
  waiting_.clear();
}

void SmtpSession::quit() {
  if (!is_idle()) return;
  quitting_ = true;
  push(quit_command);
}

// ---- opening

void SmtpSession::follow_opening() {
  switch (opening_.step()) {
    case SmtpOpening::Step::say:
      push(opening_.line());
      opening_.said();
      return;
    case SmtpOpening::Step::failed:
      return end_all(opening_.failure(), opening_.failure(), false);
    case SmtpOpening::Step::open: {
      const auto& offered = capabilities();
      const bool to_bdat = mode_ == SmtpMode::automatic || mode_ == SmtpMode::bdat;
      if (!offered.pipelining)
        mode_ = SmtpMode::lockstep;
      else if (to_bdat && !offered.chunking)
        mode_ = SmtpMode::overlapped;
      return proceed();
    }
    default:
      return;
  }
}

void SmtpSession::handle(const SmtpReply& reply) {
  if (quitting_) {
    closed_ = true;
  } else if (is_open()) {
    handle_transaction(reply);
  } else if (written_ == pushed_) {
    opening_.heard(reply);
    follow_opening();
  } else if (reply.code < 400) {
    desync("the server answered before it was asked: " + reply.text());
  } else {
    const auto refusal = judge(stage(), reply);
    end_all(refusal, refusal, false);
  }
}

// ---- transactions: what is heard

void SmtpSession::handle_transaction(const SmtpReply& reply) {
  if (reply.code < 400) return accept(reply.code, reply.text());
  auto& current = front();
  if (reply.code == 421) return hang_up(reply);
  // A body may be refused before all of it was written, but nothing else before it was asked.
  const bool is_body = current.answering == SmtpStage::body;
  if (current.is_answered || written_ < (is_body ? current.commands_end : current.asked_end()))
    return desync("the server answered before it was asked: " + reply.text());
  // What it thinks of a transaction it says when that begins.
  if (current.answering == SmtpStage::reset && reply.code >= 500) return advance(false);
  if (!current.result) {
    // Postfix, which knows BDAT, takes no empty chunk that is not the last: 551, "Null BDAT request".
    if (current.answering == SmtpStage::data && current.probes && reply.code >= 500)
      return begin_again(reply.code == 551 ? SmtpMode::bdat : SmtpMode::overlapped);
    const bool unknown = reply.code == 500 || reply.code == 502;
    if (is_body && current.chunked && unknown) {
      learnt_ = SmtpMode::overlapped;
      current.result = own_words(SmtpVerdict::desync, SmtpStage::body, "desync",
                                 "the server does not know BDAT, which it offers: " + reply.text());
      return desync(current.result->text);
    }
    current.result = judge(current.answering, reply);
    if (current.result->verdict == SmtpVerdict::desync) return desync(current.result->text);
  }
  advance(false);
}

void SmtpSession::accept(int code, std::string_view line) {
  auto& current = front();
  if (current.is_answered || !is_asked())
    return desync(fmt::format("the server answered before it was asked: {}", line));
  if (!current.fits(code)) return desync(fmt::format("unexpected reply: {}", line));
  if (current.answering == SmtpStage::recipient) current.recipient_taken = true;
  if (current.answering == SmtpStage::body) {
    if (!current.result) {
      current.result = accepted_by(code, line);
    } else if (current.recipient_taken) {
      current.result.reset();  // in doubt: it was sent as a whole
      return desync(fmt::format("the server took a message after it had refused it: {}", line));
    }
  }
  advance(true);
}

// `agreed`: the reply was a positive one.
void SmtpSession::advance(bool agreed) {
  auto& current = front();
  const auto answered = current.answering;
  if (answered == SmtpStage::body) {
    current.is_over = current.chunked ? agreed : !current.lone_dot;
    return complete();
  }
  current.answering = current.after(answered);
  const bool let_in = agreed && answered == SmtpStage::data;
  if (let_in && current.probes) {
    mode_ = SmtpMode::bdat;
    learnt_ = mode_;
  }
  if (current.answering <= current.asked) return;
  if (!current.result) return ask_next();
  if (!let_in || current.chunked) return complete();
  // DATA was let in although something before it was refused (RFC 2920 §3.1): an empty message reaches
  // nobody, if nobody was accepted.
  if (current.recipient_taken) return desync("the server asks for a message whose sender it has refused");
  current.lone_dot = true;
  current.asked = SmtpStage::body;
  push(final_dot);
  current.commands_end = current.end = pushed_;
}

void SmtpSession::complete() {
  auto& current = front();
  current.is_answered = true;
  // The server reads the rest of a chunk that it has refused (RFC 3030 §2); of DATA, nobody can tell.
  const bool is_written = current.end <= written_;
  if (!is_written && current.chunked) return;
  finish();
  if (!is_written) desync("the server did not wait for the end of a message");
}

void SmtpSession::finish() {
  auto& current = front();
  needs_reset_ = !current.is_over;
  bytes_in_flight_ -= current.facts.size;
  decide(current.number, std::move(*current.result));
  current.result.reset();
  first_ = (first_ + 1) % ring_.size();
  --in_flight_;
}

// What the server says to the empty chunk tells how it is to be spoken to. Nothing else was sent: the message
// starts again.
void SmtpSession::begin_again(SmtpMode mode) {
  mode_ = mode;
  learnt_ = mode_;
  auto& current = front();
  current.probes = current.recipient_taken = false;
  current.chunked = mode == SmtpMode::bdat;
  current.asked = current.chunked ? SmtpStage::body : SmtpStage::data;
  current.answering = SmtpStage::reset;
  current.group = SmtpStage::reset;
  current.group_begin = pushed_;
  push(current.text(SmtpStage::reset, current.chunked ? SmtpStage::data : SmtpStage::recipient));
  if (!current.chunked) push(data_command);
  current.commands_end = pushed_;
  if (current.chunked) push_body(current);
  current.end = pushed_;
}

// ---- transactions: what is asked

void SmtpSession::proceed() {
  // A window that was full is filled again when half of it is free: a few large writes, not many small ones.
  if (in_flight_ <= window_.messages / 2 && bytes_in_flight_ <= window_.bytes / 2) window_full_ = false;
  while (is_open() && !quitting_ && !waiting_.empty()) {
    if (!may_begin()) {
      window_full_ = true;
      return;
    }
    begin();
  }
}

bool SmtpSession::may_begin() const {
  if (in_flight_ == 0) return true;
  switch (mode_) {
    case SmtpMode::bdat:
      return !window_full_ && in_flight_ < ring_.size() &&
             bytes_in_flight_ + waiting_.front().facts.size <= window_.bytes;
    case SmtpMode::overlapped:
      return in_flight_ == 1 && front().asked == SmtpStage::body;
    default:
      return false;
  }
}

std::optional<SmtpResult> SmtpSession::refuse_unsent(const Waiting& next, WireAddress& to) {
  const auto refuse = [](SmtpVerdict verdict, SmtpStage stage, std::string_view reason,
                         std::string_view sentence) { return own_words(verdict, stage, reason, sentence); };
  const auto& offered = capabilities();
  if (next.mail.from != known_from_) {
    WireAddress wire;
    if (!next.mail.from.empty()) {
      auto from = to_wire_address(next.mail.from);
      if (!from) return refuse(SmtpVerdict::sender, SmtpStage::mail, "sender-address", from.error().message);
      wire = std::move(*from);
    }
    known_from_ = next.mail.from;
    known_wire_from_ = std::move(wire);
  }
  auto recipient = to_wire_address(next.mail.to);
  if (!recipient)
    return refuse(SmtpVerdict::permanent, SmtpStage::mail, "address", recipient.error().message);
  to = std::move(*recipient);
  if (known_wire_from_.needs_utf8 && !offered.smtp_utf8)
    return refuse(SmtpVerdict::sender, SmtpStage::mail, "no-smtputf8",
                  "the server does not take our address in UTF-8");
  if (to.needs_utf8 && !offered.smtp_utf8)
    return refuse(SmtpVerdict::permanent, SmtpStage::mail, "no-smtputf8",
                  "the server does not take addresses in UTF-8");
  if (!next.facts.is_clean)
    return refuse(
        SmtpVerdict::permanent, SmtpStage::body, "malformed-message",
        "line ends other than CRLF, a dot that begins a line, a line of more than 998 bytes, or a NUL");
  if (next.facts.eight_bit && !offered.eight_bit_mime)
    return refuse(SmtpVerdict::permanent, SmtpStage::body, "no-8bitmime",
                  "the server takes only 7-bit messages");
  if (offered.max_size != 0 && next.facts.size > offered.max_size)
    return refuse(SmtpVerdict::permanent, SmtpStage::body, "too-large",
                  fmt::format("{} bytes; the server takes {}", next.facts.size, offered.max_size));
  return std::nullopt;
}

void SmtpSession::begin() {
  const auto next = waiting_.front();
  waiting_.pop_front();
  WireAddress to;
  if (auto refusal = refuse_unsent(next, to)) return decide(next.number, std::move(*refusal));
  const bool reset = in_flight_ == 0 ? needs_reset_ : mode_ == SmtpMode::bdat || front().result.has_value();
  auto& begun = ring_[(first_ + in_flight_) % ring_.size()];
  ++in_flight_;
  bytes_in_flight_ += next.facts.size;
  begun.number = next.number;
  begun.mail = next.mail;
  begun.facts = next.facts;
  begun.answering = reset ? SmtpStage::reset : SmtpStage::mail;
  begun.probes = mode_ == SmtpMode::automatic;
  begun.chunked = begun.probes || mode_ == SmtpMode::bdat;
  begun.recipient_taken = begun.lone_dot = begun.is_over = begun.is_answered = false;
  write_commands(begun, to);
  const auto first = begun.answering;
  begun.group = first;
  begun.group_begin = pushed_;
  switch (mode_) {
    case SmtpMode::automatic:
      begun.asked = SmtpStage::data;
      push(begun.text(first, SmtpStage::recipient));
      push(empty_chunk);
      break;
    case SmtpMode::bdat:
    case SmtpMode::overlapped:
      begun.asked = begun.chunked ? SmtpStage::body : SmtpStage::data;
      push(begun.text(first, SmtpStage::data));
      break;
    case SmtpMode::lockstep:
      begun.asked = first;
      push(begun.text(first, first));
      break;
  }
  begun.commands_end = pushed_;
  if (begun.asked == SmtpStage::body) push_body(begun);
  begun.end = pushed_;
}

void SmtpSession::write_commands(Transaction& begun, const WireAddress& to) {
  auto& text = begun.commands;
  const auto& from = known_wire_from_;
  text = reset_command;
  text.append("MAIL FROM:<").append(from.text).append(">");
  if (capabilities().size) fmt::format_to(std::back_inserter(text), " SIZE={}", begun.facts.size);
  if (begun.facts.eight_bit) text += " BODY=8BITMIME";
  if (from.needs_utf8 || to.needs_utf8) text += " SMTPUTF8";
  text += "\r\n";
  begun.mail_end = text.size();
  text.append("RCPT TO:<").append(to.text).append(">\r\n");
  begun.recipient_end = text.size();
  if (begun.chunked)
    fmt::format_to(std::back_inserter(text), "BDAT {} LAST\r\n", begun.facts.size);
  else
    text += data_command;
}

// All that was asked of the current message is agreed to: the next stage.
void SmtpSession::ask_next() {
  auto& current = front();
  current.asked = current.group = current.answering;
  current.group_begin = pushed_;
  const bool is_body = current.asked == SmtpStage::body;
  if (!is_body)
    push(current.text(current.asked, current.asked));
  else if (current.chunked)
    push(current.text(SmtpStage::data, SmtpStage::data));
  current.commands_end = pushed_;
  if (is_body) push_body(current);
  current.end = pushed_;
}

void SmtpSession::push_body(const Transaction& transaction) {
  for (const auto& piece : transaction.mail.pieces) push(piece.bytes());
  if (!transaction.chunked) push(final_dot);
}

void SmtpSession::push(std::string_view bytes) {
  if (bytes.empty()) return;
  output_.push_back(bytes);
  pushed_ += bytes.size();
}

// ---- endings

void SmtpSession::decide(std::uint64_t number, SmtpResult result) {
  decided_.push_back({number, std::move(result)});
}

void SmtpSession::hang_up(const SmtpReply& reply) {
  end_all(judge(stage(), reply), judge(SmtpStage::mail, reply), false);
}

void SmtpSession::desync(std::string_view sentence) {
  if (!is_open() && !closed_) {
    opening_.fail(SmtpVerdict::desync, "desync", sentence);
    return follow_opening();
  }
  end_all(own_words(SmtpVerdict::desync, stage(), "desync", sentence),
          own_words(SmtpVerdict::transient, SmtpStage::mail, "desync", sentence), true);
}

// `current` is for the message whose reply was awaited, `untouched` for those behind it. `in_doubt`: what was
// sent as a whole may have been taken.
void SmtpSession::end_all(const SmtpResult& current, const SmtpResult& untouched, bool in_doubt) {
  closed_ = true;
  for (std::size_t i = 0; i < in_flight_; ++i) {
    auto& each = ring_[(first_ + i) % ring_.size()];
    const bool is_in_doubt = in_doubt && may_be_taken(each);
    auto result = each.result ? std::move(*each.result) : i == 0 ? current : untouched;
    if (is_in_doubt) {
      result.verdict = SmtpVerdict::ambiguous;
      result.stage = SmtpStage::body;
    }
    decide(each.number, std::move(result));
  }
  in_flight_ = 0;
  for (const auto& each : waiting_) decide(each.number, untouched);
  waiting_.clear();
  output_.clear();
  output_begin_ = 0;
}

}  // namespace crier
