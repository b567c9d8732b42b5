// SmtpPeer: the other side of an SmtpSession as a state machine without I/O, and a malicious one: it refuses
// what a chooser tells it to refuse, at any command, and keeps a transaction open for as long as it may.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace crier::test {

class SmtpPeer {
 public:
  enum class Reaction {
    agree,
    refuse,        ///< 550
    refuse_later,  ///< 450
    close,         ///< 421, and nothing more is heard
    unknown,       ///< 500
    let_in,        ///< of DATA without recipients: 354 all the same
  };
  struct Delivery {
    std::vector<std::string> recipients;  ///< as in RCPT, without brackets
    std::string message;
  };

  /// `choose` is asked at "MAIL", "RCPT", "DATA", "BDAT" and "BODY". All else is always agreed to.
  SmtpPeer(std::string extensions, std::function<Reaction(std::string_view command)> choose);

  std::string greet() { return "220 peer\r\n"; }
  /// The replies to what is complete.
  std::string hear(std::string_view bytes);
  bool is_closed() const { return closed_; }
  const std::vector<Delivery>& deliveries() const { return deliveries_; }
  /// Commands that came at the wrong time: MAIL in an open transaction, RCPT without MAIL.
  int out_of_order() const { return out_of_order_; }

 private:
  std::string obey(const std::string& line);
  std::string end_chunk();
  std::string end_data();
  std::string react(std::string_view command, const std::string& agreed);
  void clear();

  std::string extensions_;
  std::function<Reaction(std::string_view)> choose_;
  std::string unread_;
  std::string message_;
  std::vector<std::string> recipients_;
  std::vector<Delivery> deliveries_;
  bool open_ = false;
  bool in_data_ = false;
  bool in_chunk_ = false;
  bool last_chunk_ = false;
  std::size_t chunk_left_ = 0;
  bool closed_ = false;
  int out_of_order_ = 0;
};

}  // namespace crier::test
