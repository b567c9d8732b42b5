#include "net/smtp_client.hpp"

#include <stdexcept>
#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>
#include <openssl/ssl.h>

#include "base/finally.hpp"
#include "net/smtp_wire.hpp"

namespace crier {

namespace asio = boost::asio;

std::shared_ptr<asio::ssl::context> make_smtp_tls(const std::string& ca_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  boost::system::error_code failed;
  if (ca_file.empty())
    context->set_default_verify_paths(failed);
  else
    context->load_verify_file(ca_file, failed);
  if (failed) {
    throw std::runtime_error(fmt::format("{}: cannot load certificate authorities: {}",
                                         ca_file.empty() ? "system" : ca_file, failed.message()));
  }
  return context;
}

SmtpConnection::SmtpConnection(asio::any_io_executor executor, Resolver& resolver,
                               std::shared_ptr<asio::ssl::context> tls, SmtpServer server)
    : executor_(std::move(executor)), resolver_(resolver), tls_(std::move(tls)), server_(std::move(server)) {}

SmtpConnection::~SmtpConnection() {
  if (wire_) wire_->close();
}

asio::awaitable<std::vector<SmtpResult>> SmtpConnection::send(std::span<const MailPieces> messages) {
  if (messages.empty()) co_return std::vector<SmtpResult>();
  if (is_open() && wire_->session().is_idle() && !is_usable()) wire_->close();
  const bool is_new = !is_open();
  if (is_new) wire_ = std::make_shared<SmtpWire>(executor_, tls_, server_);
  const auto used = wire_;
  SmtpBatch batch(executor_, messages.size());
  used->submit(messages, batch);
  // Left in the middle, the dialogue cannot be taken up again.
  const Finally leave([&] {
    used->forget(batch);
    if (batch.left > 0) used->close();
  });
  if (is_new) co_await used->connect(resolver_);
  used->pump();
  if (batch.left > 0) co_await wait_for(batch.done);
  if (batch.left > 0) throw boost::system::system_error(asio::error::operation_aborted);
  co_return std::move(batch.results);
}

void SmtpConnection::recall() {
  if (wire_) wire_->recall();
}

void SmtpConnection::end(SmtpEnding ending) {
  if (wire_) wire_->end(ending);
}

asio::awaitable<void> SmtpConnection::quit() {
  if (is_open()) co_await wire_->quit();
}

bool SmtpConnection::is_usable() const {
  return is_open() && wire_->session().is_idle() && wire_->is_silent();
}

bool SmtpConnection::is_open() const {
  return wire_ && !wire_->session().is_closed();
}

bool SmtpConnection::is_pipelined() const {
  return wire_ && wire_->session().is_pipelined();
}

std::optional<SmtpMode> SmtpConnection::learnt() const {
  return wire_ ? wire_->session().learnt() : std::nullopt;
}

}  // namespace crier
