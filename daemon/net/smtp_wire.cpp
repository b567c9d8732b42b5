#include "net/smtp_wire.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/resolver.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t block_bytes = 65536;  // what a deadline is for
// What is encrypted before it is written: few large writes, and a window of a digest fits.
constexpr std::size_t max_encrypted = 4 * block_bytes;
constexpr std::size_t max_views = 1024;  // IOV_MAX of Linux
constexpr std::size_t max_addresses = 4;
// How long the reason is waited for when the server stops reading in the middle of a message.
constexpr Duration last_words = std::chrono::seconds(2);

tcp::endpoint to_endpoint(const IpAddress& address, std::uint16_t port) {
  asio::ip::address_v6::bytes_type bytes{};
  std::copy(address.bytes.begin(), address.bytes.end(), bytes.begin());
  const asio::ip::address_v6 v6(bytes);
  if (address.is_v4()) return {asio::ip::make_address_v4(asio::ip::v4_mapped, v6), port};
  return {v6, port};
}

}  // namespace

asio::awaitable<void> wait_for(asio::steady_timer& timer) {
  error_code ended;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
}

void SmtpWire::submit(std::span<const MailPieces> messages, SmtpBatch& batch) {
  batches_.push_back(&batch);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto number = session_.submit(messages[i]);
    if (i == 0) batch.first = number;
  }
}

void SmtpWire::deliver() {
  session_.take_decided(decided_);
  for (auto& [number, result] : decided_) {
    for (auto* batch : batches_) {
      const auto position = number - batch->first;
      if (position >= batch->results.size()) continue;
      batch->results[position] = std::move(result);
      if (--batch->left == 0) batch->done.cancel();
      break;
    }
  }
}

void SmtpWire::close() {
  session_.lost("connection-lost", server_.host + ": closed");
  connected_ = false;
  timer_.cancel();
  ended_.cancel();
  if (socket_) {
    error_code ignored;
    socket_->close(ignored);
  }
  deliver();
}

asio::awaitable<void> SmtpWire::connect(Resolver& resolver) {
  using namespace asio::experimental::awaitable_operators;
  const auto self = shared_from_this();
  auto found = co_await (resolver.resolve(server_.host, server_.timeouts.connect) || wait_for(ended_));
  if (session_.is_closed()) co_return;
  if (found.index() != 0) throw boost::system::system_error(asio::error::operation_aborted);
  const auto addresses = std::get<0>(std::move(found));
  if (!addresses) {
    session_.lost("unresolved", addresses.error().message);
    co_return close();
  }
  error_code ec = asio::error::host_not_found;
  for (std::size_t i = 0; i < std::min(addresses->size(), max_addresses) && ec; ++i) {
    late_ = false;
    socket_.emplace(executor_);
    due_ = std::chrono::steady_clock::now() + server_.timeouts.connect;
    arm();
    co_await socket_->async_connect(to_endpoint((*addresses)[i], server_.port),
                                    asio::redirect_error(asio::use_awaitable, ec));
    if (session_.is_closed()) co_return;
    if (ec == asio::error::operation_aborted && !late_) throw boost::system::system_error(ec);
  }
  if (ec) {
    session_.lost(late_ ? "timeout" : "unreachable",
                  fmt::format("{}:{}: {}", server_.host, server_.port, ec.message()));
    co_return close();
  }
  error_code ignored;
  socket_->set_option(tcp::no_delay(true), ignored);
  socket_->non_blocking(true, ignored);
  connected_ = true;
  session_.connected();
}

asio::awaitable<void> SmtpWire::quit() {
  const auto self = shared_from_this();
  session_.quit();
  pump();
  if (session_.stage() == SmtpStage::quit && connected_) co_await wait_for(ended_);
  close();
}

void SmtpWire::recall() {
  if (session_.is_closed()) return;
  session_.give_back(smtp_recalled, server_.host + ": not begun");
  if (!connected_) return close();  // nothing is to be sent by it, and who opens it would wait
  deliver();
}

void SmtpWire::end(SmtpEnding ending) {
  if (session_.is_closed()) return;
  ending_ = ending;
  session_.give_back(smtp_stopping, server_.host + ": not begun");
  if (is_at_its_end()) {
    session_.lost(smtp_stopping,
                  fmt::format("{}: no reply to {}", server_.host, to_string(session_.stage())));
    return close();
  }
  deliver();
}

bool SmtpWire::is_at_its_end() const {
  if (!ending_ || session_.is_idle()) return false;
  switch (*ending_) {
    case SmtpEnding::all_begun:
      return session_.stage() < SmtpStage::reset;
    case SmtpEnding::only_replies:
      return !session_.awaits_verdict();
    case SmtpEnding::nothing:
      break;
  }
  return true;
}

void SmtpWire::pump() {
  if (!connected_) return;
  if (session_.wants_handshake()) shake_hands();
  write();
  if ((session_.awaits_reply() || session_.wants_handshake()) && !reading_) read();
  if (session_.is_closed()) return close();
  if (ending_ && is_at_its_end()) return end(*ending_);
  set_due();
  deliver();
}

// ---- TLS

void SmtpWire::begin_tls() {
  auto* const ssl = secured_by_.emplace(tls_->native_handle()).native_handle();
  const bool by_address = parse_ip_address(server_.host).has_value();
  // An opportunistic connection would otherwise be made in clear: an unverified certificate is still better.
  if (server_.security == SmtpSecurity::opportunistic) {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    if (by_address)
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_.host.c_str());
    else
      SSL_set1_host(ssl, server_.host.c_str());
  }
  if (!by_address)  // SNI carries names only (RFC 6066 §3)
    SSL_set_tlsext_host_name(ssl, server_.host.c_str());
}

void SmtpWire::shake_hands() {
  if (!secured_by_) begin_tls();
  const auto progress = secured_by_->handshake();
  if (progress == TlsSession::Progress::hungry) return;
  if (progress == TlsSession::Progress::done) {
    secured_ = true;
    session_.secured();
    return decrypt();
  }
  const auto verified = SSL_get_verify_result(secured_by_->native_handle());
  if (progress == TlsSession::Progress::ended)
    session_.lost("connection-lost",
                  fmt::format("{}: TLS handshake: the server closed the connection", server_.host));
  else
    session_.handshake_failed(fmt::format(
        "{}: {}", server_.host,
        verified != X509_V_OK ? X509_verify_cert_error_string(verified) : secured_by_->error().c_str()));
  write();  // the server is told why
}

// ---- writing

void SmtpWire::write() {
  while (!writing_ && !write_failed_) {
    if (secured_) encrypt();
    // From the handshake on nothing goes out in clear.
    if (secured_by_ ? secured_by_->output().empty() : session_.output().empty()) return;
    if (!(secured_by_ ? write_records() : write_views())) return;
  }
}

// As much as the socket takes, from where it lies. False when it takes no more for now.
bool SmtpWire::write_views() {
  std::array<iovec, max_views> views;
  const auto output = session_.output().first(std::min(session_.output().size(), max_views));
  std::ranges::transform(output, views.begin(), [](std::string_view view) {
    return iovec{const_cast<char*>(view.data()), view.size()};  // only read
  });
  msghdr message{};
  message.msg_iov = views.data();
  message.msg_iovlen = output.size();
  const auto sent = ::sendmsg(socket_->native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) count_written(static_cast<std::size_t>(sent));
  return took(sent);
}

bool SmtpWire::write_records() {
  const auto output = secured_by_->output();
  const auto sent =
      ::send(socket_->native_handle(), output.data(), output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) count_written(secured_by_->written(static_cast<std::size_t>(sent)));
  return took(sent);
}

// Copies pieces together, so that a record holds many. They stay in the output until the record is out.
void SmtpWire::encrypt() {
  const auto output = session_.output();
  std::size_t view = 0, offset = secured_by_->held();
  while (view < output.size() && offset >= output[view].size()) offset -= output[view++].size();
  while (view < output.size() && secured_by_->output().size() < max_encrypted) {
    record_.clear();
    while (view < output.size() && record_.size() < TlsSession::record_bytes) {
      const auto part = output[view].substr(offset, TlsSession::record_bytes - record_.size());
      record_.append(part);
      offset += part.size();
      if (offset < output[view].size()) break;
      offset = 0;
      ++view;
    }
    if (!secured_by_->encrypt(record_))
      return session_.lost("connection-lost", fmt::format("{}: {}", server_.host, secured_by_->error()));
  }
}

// What send() returned; false when it is to be waited until the socket takes more.
bool SmtpWire::took(ssize_t sent) {
  if (sent >= 0 || errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) {
    write_failed({errno, boost::system::system_category()});
    return false;
  }
  writing_ = true;
  socket_->async_wait(tcp::socket::wait_write, [self = shared_from_this()](error_code ec) {
    self->writing_ = false;
    if (self->session_.is_closed()) return;
    if (ec) self->write_failed(ec);
    self->pump();
  });
  return false;
}

void SmtpWire::count_written(std::size_t bytes) {
  block_written_ += bytes;
  session_.written(bytes);
}

// The server may have said why before it stopped reading.
void SmtpWire::write_failed(error_code ec) {
  write_failed_ = true;
  if (!session_.awaits_reply())
    session_.lost("connection-lost", fmt::format("{}: {}", server_.host, ec.message()));
}

// ---- reading

void SmtpWire::read() {
  reading_ = true;
  socket_->async_read_some(
      asio::buffer(incoming_),
      [self = shared_from_this()](error_code ec, std::size_t got) { self->read_ended(ec, got); });
}

void SmtpWire::read_ended(error_code ec, std::size_t got) {
  reading_ = false;
  if (session_.is_closed()) return;
  const std::string_view bytes(incoming_.data(), got);
  if (ec) {
    session_.lost("connection-lost", fmt::format("{}: no reply to {}: {}", server_.host,
                                                 to_string(session_.stage()), ec.message()));
  } else if (secured_by_) {
    secured_by_->receive(bytes);
    if (secured_) decrypt();
  } else {
    session_.received(bytes);
  }
  pump();
}

void SmtpWire::decrypt() {
  while (!session_.is_closed()) {
    std::string_view plain;
    const auto progress = secured_by_->decrypt(plain);
    if (progress == TlsSession::Progress::hungry) return;
    if (progress == TlsSession::Progress::done)
      session_.received(plain);
    else
      session_.lost("connection-lost",
                    fmt::format("{}: no reply to {}: {}", server_.host, to_string(session_.stage()),
                                progress == TlsSession::Progress::ended ? "the server closed the connection"
                                                                        : secured_by_->error()));
  }
}

// ---- deadlines

Duration SmtpWire::limit() const {
  const auto& timeouts = server_.timeouts;
  if (write_failed_) return last_words;
  const auto stage_limit = [&] {
    switch (session_.stage()) {
      case SmtpStage::tls:
        return timeouts.tls;
      case SmtpStage::greeting:
        return timeouts.greeting;
      case SmtpStage::data:
        return timeouts.data_start;
      case SmtpStage::body:
        return timeouts.final_reply;
      case SmtpStage::quit:
        return timeouts.quit;
      default:
        return timeouts.command;
    }
  }();
  if (session_.output().empty() && !writing_) return stage_limit;
  // A server may let us wait with the rest while it thinks about what it has.
  return session_.is_asked() ? std::max(stage_limit, timeouts.data_block) : timeouts.data_block;
}

// The time runs anew only when a reply is complete or a block is written: who drips bytes gains nothing.
void SmtpWire::set_due() {
  if (session_.is_idle()) {
    due_ = SteadyTime::max();
    return;
  }
  const bool asked = session_.is_asked();
  const bool is_writing = writing_ || !session_.output().empty();
  const bool moved = session_.replies() != replies_ || session_.stage() != due_stage_ ||
                     block_written_ >= block_bytes || asked != due_asked_ || is_writing != due_writing_;
  if (!moved && due_ != SteadyTime::max()) return;
  replies_ = session_.replies();
  block_written_ = 0;
  due_stage_ = session_.stage();
  due_asked_ = asked;
  due_writing_ = is_writing;
  due_ = std::chrono::steady_clock::now() + limit();
  arm();
}

// A timer that goes off too early looks again: cheaper than to move it with each reply.
void SmtpWire::arm() {
  if (armed_ <= due_) return;
  armed_ = due_;
  timer_.expires_at(due_);
  timer_.async_wait([self = shared_from_this()](error_code ec) {
    if (ec || self->session_.is_closed() || self->armed_ > std::chrono::steady_clock::now()) return;
    self->armed_ = SteadyTime::max();
    if (self->due_ <= std::chrono::steady_clock::now())
      self->time_is_up();
    else
      self->arm();
  });
}

void SmtpWire::time_is_up() {
  if (!connected_) {  // the next address
    late_ = true;
    due_ = SteadyTime::max();
    error_code ignored;
    socket_->close(ignored);
    return;
  }
  session_.lost(write_failed_ ? "connection-lost" : "timeout",
                fmt::format("{}: no reply to {}: timed out", server_.host, to_string(session_.stage())));
  close();
}

// Idle means silent: a byte waiting is a 421 or a TLS alert, an end is an end.
bool SmtpWire::is_silent() {
  char byte = 0;
  const auto got = ::recv(socket_->native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace crier
