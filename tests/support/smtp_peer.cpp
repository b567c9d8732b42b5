#include "support/smtp_peer.hpp"

#include <algorithm>
#include <utility>

namespace crier::test {
namespace {

std::string address_in(const std::string& line) {
  const auto begin = line.find('<');
  const auto end = line.find('>');
  return begin == std::string::npos || end == std::string::npos ? line
                                                                : line.substr(begin + 1, end - begin - 1);
}

}  // namespace

SmtpPeer::SmtpPeer(std::string extensions, std::function<Reaction(std::string_view)> choose)
    : extensions_(std::move(extensions)), choose_(std::move(choose)) {}

std::string SmtpPeer::hear(std::string_view bytes) {
  unread_ += bytes;
  std::string out;
  while (!closed_) {
    if (in_chunk_) {
      const auto part = std::min(chunk_left_, unread_.size());
      message_.append(unread_, 0, part);
      unread_.erase(0, part);
      chunk_left_ -= part;
      if (chunk_left_ > 0) return out;
      out += end_chunk();
      continue;
    }
    const auto end = unread_.find("\r\n");
    if (end == std::string::npos) return out;
    auto line = unread_.substr(0, end);
    unread_.erase(0, end + 2);
    if (!in_data_) {
      out += obey(line);
    } else if (line == ".") {
      out += end_data();
    } else {
      if (line.starts_with('.')) line.erase(0, 1);
      message_ += line + "\r\n";
    }
  }
  return out;
}

std::string SmtpPeer::obey(const std::string& line) {
  const auto verb = line.substr(0, line.find_first_of(" :"));
  if (verb == "EHLO") return "250-peer\r\n" + extensions_;
  if (verb == "STARTTLS") return "220 go\r\n";
  if (verb == "AUTH") return "235 welcome\r\n";
  if (verb == "RSET") {
    clear();
    return "250 forgotten\r\n";
  }
  if (verb == "MAIL") {
    if (open_) {
      ++out_of_order_;
      return "503 5.5.1 nested MAIL\r\n";
    }
    auto reply = react("MAIL", "250 sender\r\n");
    open_ = reply.starts_with('2');
    return reply;
  }
  if (verb == "RCPT") {
    if (!open_) {
      ++out_of_order_;
      return "503 5.5.1 RCPT without MAIL\r\n";
    }
    auto reply = react("RCPT", "250 recipient\r\n");
    if (reply.starts_with('2')) recipients_.push_back(address_in(line));
    return reply;
  }
  if (verb == "DATA") {
    const auto reaction = choose_("DATA");
    if (recipients_.empty() && reaction != Reaction::let_in) return "554 5.5.1 no valid recipients\r\n";
    in_data_ = reaction == Reaction::agree || reaction == Reaction::let_in;
    if (in_data_) return "354 go\r\n";
    closed_ = reaction == Reaction::close;
    return closed_ ? "421 bye\r\n" : "450 not now\r\n";
  }
  if (verb == "BDAT") {
    in_chunk_ = true;
    chunk_left_ = std::stoul(line.substr(5));
    last_chunk_ = line.ends_with("LAST");
    return {};
  }
  return verb == "QUIT" ? "221 bye\r\n" : "500 what?\r\n";
}

std::string SmtpPeer::end_chunk() {
  in_chunk_ = false;
  if (recipients_.empty()) {
    message_.clear();
    return "503 5.5.1 no valid recipients\r\n";
  }
  auto reply = react("BDAT", "250 chunk\r\n");
  if (!reply.starts_with('2')) {
    message_.clear();  // and the transaction stays open
  } else if (last_chunk_) {
    deliveries_.push_back({recipients_, message_});
    clear();
  }
  return reply;
}

std::string SmtpPeer::end_data() {
  in_data_ = false;
  auto reply = react("BODY", "250 taken\r\n");
  if (reply.starts_with('2') && !recipients_.empty()) deliveries_.push_back({recipients_, message_});
  clear();
  return reply;
}

std::string SmtpPeer::react(std::string_view command, const std::string& agreed) {
  switch (choose_(command)) {
    case Reaction::agree:
    case Reaction::let_in:
      return agreed;
    case Reaction::refuse:
      return "550 5.1.1 no\r\n";
    case Reaction::refuse_later:
      return "450-4.2.1 not\r\n450 4.2.1 now\r\n";
    case Reaction::unknown:
      return "500 5.5.2 what?\r\n";
    case Reaction::close:
      closed_ = true;
      return "421 4.3.2 bye\r\n";
  }
  return {};
}

void SmtpPeer::clear() {
  open_ = false;
  recipients_.clear();
  message_.clear();
}

}  // namespace crier::test
