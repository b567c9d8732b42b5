#include "net/smtp_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "net/resolver.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr std::size_t block_bytes = 65536;
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

std::shared_ptr<asio::ssl::context> make_smtp_tls(const std::string& ca_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code failed;
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

class SmtpConnection::Shell {
 public:
  Shell(asio::any_io_executor executor, Resolver& resolver, std::shared_ptr<asio::ssl::context> tls,
        SmtpServer server)
      : executor_(std::move(executor)),
        resolver_(resolver),
        tls_(std::move(tls)),
        server_(std::move(server)),
        deadline_(std::make_shared<Deadline>(executor_)) {}

  ~Shell() { close(); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  asio::awaitable<SmtpResult> send(const Envelope& envelope, std::string_view message);
  asio::awaitable<void> quit();
  bool is_usable() const;
  int messages() const { return messages_; }

 private:
  // Closes the socket when a stage takes too long. Shared with its timer's handler, which may run after this
  // connection is gone.
  struct Deadline {
    explicit Deadline(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::optional<TlsStream> stream;
    bool passed = false;
  };

  static void arm(const std::shared_ptr<Deadline>& deadline, Duration span);
  tcp::socket& socket() const { return deadline_->stream->next_layer(); }
  void close();
  Duration limit() const;
  void check_cancelled(error_code ec) const;
  std::string reason() const;

  asio::awaitable<SmtpResult> transact(const Envelope& envelope, std::string_view message);
  asio::awaitable<void> connect();
  asio::awaitable<void> run();
  asio::awaitable<void> write();
  asio::awaitable<void> read(Duration span);
  asio::awaitable<void> handshake();

  asio::any_io_executor executor_;
  Resolver& resolver_;
  std::shared_ptr<asio::ssl::context> tls_;
  SmtpServer server_;
  std::shared_ptr<Deadline> deadline_;
  std::optional<SmtpSession> session_;  // engaged while connected
  bool secured_ = false;
  int messages_ = 0;
  std::array<char, 4096> incoming_{};
};

void SmtpConnection::Shell::arm(const std::shared_ptr<Deadline>& deadline, Duration span) {
  deadline->timer.expires_after(span);
  deadline->timer.async_wait([deadline](error_code ec) {
    // Armed anew since this handler was queued: then the time has not come.
    if (ec || deadline->timer.expiry() > std::chrono::steady_clock::now() || !deadline->stream) return;
    deadline->passed = true;
    error_code ignored;
    deadline->stream->next_layer().close(ignored);
  });
}

void SmtpConnection::Shell::close() {
  deadline_->timer.cancel();
  deadline_->stream.reset();
  session_.reset();
  secured_ = false;
}

Duration SmtpConnection::Shell::limit() const {
  const auto& timeouts = server_.timeouts;
  switch (session_->stage()) {
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
}

// Cancellation is told from a deadline, which closes the socket with the same error code.
void SmtpConnection::Shell::check_cancelled(error_code ec) const {
  if (ec == asio::error::operation_aborted && !deadline_->passed) throw boost::system::system_error(ec);
}

std::string SmtpConnection::Shell::reason() const {
  return deadline_->passed ? "timeout" : "connection-lost";
}

asio::awaitable<void> SmtpConnection::Shell::connect() {
  const auto addresses = co_await resolver_.resolve(server_.host, server_.timeouts.connect);
  session_.emplace(server_.helo, server_.security, server_.login);
  messages_ = 0;
  if (!addresses) {
    session_->lost("unresolved", addresses.error().message);
    co_return;
  }
  error_code ec = asio::error::host_not_found;
  for (std::size_t i = 0; i < std::min(addresses->size(), max_addresses) && ec; ++i) {
    deadline_->passed = false;
    deadline_->stream.emplace(executor_, *tls_);
    arm(deadline_, server_.timeouts.connect);
    co_await socket().async_connect(to_endpoint((*addresses)[i], server_.port),
                                    asio::redirect_error(asio::use_awaitable, ec));
    check_cancelled(ec);
  }
  if (ec) {
    session_->lost(deadline_->passed ? "timeout" : "unreachable",
                   fmt::format("{}:{}: {}", server_.host, server_.port, ec.message()));
    co_return;
  }
  error_code ignored;
  socket().set_option(tcp::no_delay(true), ignored);
  session_->connected();
}

asio::awaitable<void> SmtpConnection::Shell::handshake() {
  auto& stream = *deadline_->stream;
  const bool by_address = parse_ip_address(server_.host).has_value();
  // An opportunistic connection would otherwise be made in clear: an unverified certificate is still better.
  if (server_.security == SmtpSecurity::opportunistic) {
    stream.set_verify_mode(asio::ssl::verify_none);
  } else {
    stream.set_verify_mode(asio::ssl::verify_peer);
    if (by_address)
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream.native_handle()), server_.host.c_str());
    else
      SSL_set1_host(stream.native_handle(), server_.host.c_str());
  }
  if (!by_address)  // SNI carries names only (RFC 6066 §3)
    SSL_set_tlsext_host_name(stream.native_handle(), server_.host.c_str());
  arm(deadline_, server_.timeouts.tls);
  error_code ec;
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(asio::use_awaitable, ec));
  check_cancelled(ec);
  if (!ec) {
    secured_ = true;
    session_->secured();
  } else if (const auto verified = SSL_get_verify_result(stream.native_handle()); verified != X509_V_OK) {
    session_->handshake_failed(fmt::format("{}: {}", server_.host, X509_verify_cert_error_string(verified)));
  } else if (ec.category() == asio::error::get_ssl_category()) {
    session_->handshake_failed(fmt::format("{}: {}", server_.host, ec.message()));
  } else {
    session_->lost(reason(), fmt::format("{}: TLS handshake: {}", server_.host, ec.message()));
  }
}

asio::awaitable<void> SmtpConnection::Shell::write() {
  auto left = session_->output();
  const bool body = session_->stage() == SmtpStage::body;
  while (!left.empty()) {
    const auto block = asio::buffer(left.substr(0, block_bytes));
    arm(deadline_, body ? server_.timeouts.data_block : limit());
    error_code ec;
    if (secured_) {
      co_await asio::async_write(*deadline_->stream, block, asio::redirect_error(asio::use_awaitable, ec));
    } else {
      co_await asio::async_write(socket(), block, asio::redirect_error(asio::use_awaitable, ec));
    }
    check_cancelled(ec);
    if (ec && deadline_->passed)
      session_->lost("timeout", server_.host + ": took too long to take a command");
    else if (ec)
      co_await read(last_words);
    if (ec) co_return;
    left.remove_prefix(block.size());
  }
  session_->written();
}

asio::awaitable<void> SmtpConnection::Shell::read(Duration span) {
  // One deadline for the whole reply: a server that drips bytes gains no time.
  arm(deadline_, span);
  const auto stage = session_->stage();
  const auto step = session_->step();
  while (session_->step() == step && session_->stage() == stage) {
    error_code ec;
    std::size_t got = 0;
    const auto buffer = asio::buffer(incoming_);
    if (secured_) {
      got =
          co_await deadline_->stream->async_read_some(buffer, asio::redirect_error(asio::use_awaitable, ec));
    } else {
      got = co_await socket().async_read_some(buffer, asio::redirect_error(asio::use_awaitable, ec));
    }
    check_cancelled(ec);
    if (ec) {
      session_->lost(step == SmtpStep::write ? "connection-lost" : reason(),
                     fmt::format("{}: no reply to {}: {}", server_.host, to_string(stage),
                                 deadline_->passed ? "timed out" : ec.message()));
    } else {
      session_->received({incoming_.data(), got});
    }
  }
}

asio::awaitable<void> SmtpConnection::Shell::run() {
  for (;;) {
    switch (session_->step()) {
      case SmtpStep::write:
        co_await write();
        break;
      case SmtpStep::read:
        co_await read(limit());
        break;
      case SmtpStep::handshake:
        co_await handshake();
        break;
      case SmtpStep::ready:
        deadline_->timer.cancel();
        co_return;
      case SmtpStep::closed:
        co_return;
    }
  }
}

asio::awaitable<SmtpResult> SmtpConnection::Shell::transact(const Envelope& envelope,
                                                            std::string_view message) {
  if (!session_) {
    co_await connect();
    co_await run();
  }
  if (session_->step() == SmtpStep::ready) {
    session_->submit(envelope, message);
    co_await run();
  }
  co_return session_->take_result().value();
}

asio::awaitable<SmtpResult> SmtpConnection::Shell::send(const Envelope& envelope, std::string_view message) {
  try {
    auto result = co_await transact(envelope, message);
    if (result.verdict == SmtpVerdict::accepted) ++messages_;
    if (session_->step() == SmtpStep::closed) close();
    co_return result;
  } catch (...) {
    close();  // cancelled in the middle: the dialogue cannot be taken up again
    throw;
  }
}

asio::awaitable<void> SmtpConnection::Shell::quit() {
  if (!session_) co_return;
  session_->quit();
  co_await run();
  close();
}

bool SmtpConnection::Shell::is_usable() const {
  if (!session_ || session_->step() != SmtpStep::ready) return false;
  // Idle means silent: a byte waiting is a 421 or a TLS alert, an end is an end.
  char byte = 0;
  const auto got = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

SmtpConnection::SmtpConnection(asio::any_io_executor executor, Resolver& resolver,
                               std::shared_ptr<asio::ssl::context> tls, SmtpServer server)
    : shell_(std::make_unique<Shell>(std::move(executor), resolver, std::move(tls), std::move(server))) {}
SmtpConnection::~SmtpConnection() = default;
SmtpConnection::SmtpConnection(SmtpConnection&&) noexcept = default;
SmtpConnection& SmtpConnection::operator=(SmtpConnection&&) noexcept = default;

asio::awaitable<SmtpResult> SmtpConnection::send(const Envelope& envelope, std::string_view message) {
  return shell_->send(envelope, message);
}

asio::awaitable<void> SmtpConnection::quit() {
  return shell_->quit();
}

bool SmtpConnection::is_usable() const {
  return shell_->is_usable();
}

int SmtpConnection::messages() const {
  return shell_->messages();
}

}  // namespace crier
