// A server that does not read: with a small receive buffer, after a while or for good.
#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <memory>
#include <set>
#include <thread>

#include <boost/asio/ssl/context.hpp>
#include <catch2/catch.hpp>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/resolver.hpp"
#include "net/smtp_client.hpp"
#include "support/certificate.hpp"
#include "support/run_loop.hpp"
#include "support/smtp_peer.hpp"
#include "support/temp_folder.hpp"

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
#include <sanitizer/allocator_interface.h>
#define CRIER_HAS_ASAN
#endif

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

// Bytes that this process has allocated.
std::size_t allocated() {
#ifdef CRIER_HAS_ASAN
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

// One connection, on a thread of its own with a socket that blocks. After `reads` messages it reads no more
// before it is told to; then it reads what is left, and says nothing.
class StallingServer {
 public:
  enum class Manner {
    silent,
    wants_answers,  ///< asks for new keys again and again
  };

  StallingServer(bool has_tls, std::size_t reads, Manner manner = Manner::silent)
      : reads_(reads), manner_(manner) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int small = 4096;
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    REQUIRE(::listen(listener_, 1) == 0);
    if (has_tls) {
      context_.use_certificate(boost::asio::buffer(certificate_.certificate_pem),
                               boost::asio::ssl::context::pem);
      context_.use_private_key(boost::asio::buffer(certificate_.key_pem), boost::asio::ssl::context::pem);
      ssl_.reset(SSL_new(context_.native_handle()));
    }
    thread_ = std::thread([this] { serve(); });
  }
  StallingServer(const StallingServer&) = delete;
  StallingServer& operator=(const StallingServer&) = delete;
  ~StallingServer() {
    ::shutdown(listener_, SHUT_RDWR);
    read_on();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }
  const std::string& certificate() const { return certificate_.certificate_pem; }
  /// To its end: of a connection that the client has closed.
  void read_on() {
    told_ = true;
    told_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  /// When it reads no more.
  std::set<std::string> recipients() const {
    std::set<std::string> all;
    for (const auto& delivery : peer_.deliveries()) all.insert(delivery.recipients.front());
    REQUIRE(all.size() == peer_.deliveries().size());
    return all;
  }
  const SmtpPeer& peer() const { return peer_; }

 private:
  void serve() {
    socket_ = ::accept(listener_, nullptr, nullptr);
    if (socket_ < 0) return;
    if (ssl_) {
      SSL_set_fd(ssl_.get(), socket_);
      SSL_accept(ssl_.get());
    }
    bool is_open = say(peer_.greet());
    while (is_open && peer_.deliveries().size() < reads_) {
      const auto heard = read();
      is_open = !heard.empty() && say(peer_.hear(heard));
    }
    while (is_open && manner_ == Manner::wants_answers)
      is_open =
          SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1;
    told_.wait(false);
    while (is_open) {
      const auto heard = read();
      is_open = !heard.empty();
      peer_.hear(heard);
    }
    ::close(socket_);
  }

  std::string_view read() {
    const auto got = ssl_ ? SSL_read(ssl_.get(), incoming_.data(), static_cast<int>(incoming_.size()))
                          : static_cast<int>(::recv(socket_, incoming_.data(), incoming_.size(), 0));
    return {incoming_.data(), static_cast<std::size_t>(std::max(got, 0))};
  }
  bool say(const std::string& text) {
    if (text.empty()) return true;
    const auto size = static_cast<int>(text.size());
    return (ssl_ ? SSL_write(ssl_.get(), text.data(), size)
                 : static_cast<int>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL))) == size;
  }

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  const std::size_t reads_;
  const Manner manner_;
  Certificate certificate_ = make_certificate("localhost");
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_server};
  std::unique_ptr<SSL, Free> ssl_;
  SmtpPeer peer_{"250-PIPELINING\r\n250 CHUNKING\r\n",
                 [](std::string_view) { return SmtpPeer::Reaction::agree; }};
  std::array<char, 4096> incoming_{};
  int listener_ = -1;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> told_ = false;
  std::thread thread_;
};

// Messages of one body to readers of their own.
class Post {
 public:
  Post(std::size_t count, std::size_t size) {
    while (body_.size() < size) body_ += std::string(70, 'x') + "\r\n";
    pieces_ = {WireText("Subject: hello\r\n\r\n"), WireText(body_)};
    for (std::size_t i = 0; i < count; ++i) to_.push_back("reader" + std::to_string(i) + "@example.net");
    for (const auto& to : to_) mails_.push_back({"news@example.org", to, "<1@example.org>", pieces_});
  }
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;

  std::span<const MailPieces> mails() const { return mails_; }
  std::string text() const { return "Subject: hello\r\n\r\n" + body_; }
  std::set<std::string> recipients() const { return {to_.begin(), to_.end()}; }
  // Those whose results are one of these.
  std::set<std::string> recipients(const std::vector<SmtpResult>& results,
                                   std::initializer_list<SmtpVerdict> verdicts) const {
    std::set<std::string> some;
    for (std::size_t i = 0; i < results.size(); ++i)
      if (std::ranges::find(verdicts, results[i].verdict) != verdicts.end()) some.insert(to_[i]);
    return some;
  }

 private:
  std::string body_;
  std::vector<WireText> pieces_;
  std::vector<std::string> to_;
  std::vector<MailPieces> mails_;
};

class Client {
 public:
  Client(const StallingServer& server, bool has_tls) : resolver_(loop_.get_executor()) {
    const auto ca_file = folder_.path() / "ca.pem";
    std::ofstream(ca_file) << server.certificate();
    settings.host = has_tls ? "localhost" : "127.0.0.1";
    settings.port = server.port();
    settings.security = has_tls ? SmtpSecurity::implicit : SmtpSecurity::off;
    settings.mode = SmtpMode::bdat;
    settings.window = {64UL << 20, 1000};  // nothing but the socket and what is encrypted for it is a limit
    tls_ = make_smtp_tls(ca_file);
  }

  std::vector<SmtpResult> send(std::span<const MailPieces> mails) {
    SmtpConnection connection(loop_.get_executor(), resolver_, tls_, settings);
    std::optional<std::vector<SmtpResult>> results;
    const auto before = allocated();
    boost::asio::co_spawn(loop_, connection.send(mails),
                          [&](std::exception_ptr failure, std::vector<SmtpResult> all) {
                            REQUIRE_FALSE(failure);
                            results = std::move(all);
                          });
    run_until(loop_, [&] {
      most_allocated = std::max(most_allocated, allocated() - std::min(allocated(), before));
      return results.has_value();
    });
    return *results;
  }

  SmtpServer settings;
  std::size_t most_allocated = 0;  // more than before, while it was sending

 private:
  TempFolder folder_;
  boost::asio::io_context loop_;
  Resolver resolver_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
};

constexpr std::size_t all_of_them = 1'000'000;

}  // namespace

TEST_CASE("through a socket that takes little at a time all messages arrive once and whole") {
  for (const bool has_tls : {false, true}) {
    for (const auto mode : {SmtpMode::bdat, SmtpMode::overlapped}) {
      CAPTURE(has_tls, static_cast<int>(mode));
      StallingServer server(has_tls, all_of_them);
      Client client(server, has_tls);
      client.settings.mode = mode;
      const Post post(200, 60'000);
      const auto results = client.send(post.mails());
      REQUIRE(post.recipients(results, {SmtpVerdict::accepted}) == post.recipients());
      server.read_on();
      REQUIRE(server.recipients() == post.recipients());
      for (const auto& delivery : server.peer().deliveries()) REQUIRE(delivery.message == post.text());
    }
  }
}

TEST_CASE("when a server stops reading, in doubt is what the socket has, and memory is bounded") {
  for (const bool has_tls : {false, true}) {
    CAPTURE(has_tls);
    constexpr std::size_t count = 2000;
    StallingServer server(has_tls, 1);
    Client client(server, has_tls);
    auto& timeouts = client.settings.timeouts;
    timeouts.command = timeouts.data_block = timeouts.final_reply = 5s;
    client.settings.window.messages = count;
    const Post post(count, 8'000);  // more than the buffers of both sides
    const auto results = client.send(post.mails());
    server.read_on();
    const auto has = post.recipients(results, {SmtpVerdict::accepted, SmtpVerdict::ambiguous});
    const auto in_doubt = post.recipients(results, {SmtpVerdict::ambiguous});
    REQUIRE(has == server.recipients());
    REQUIRE_FALSE(in_doubt.empty());
    REQUIRE(has.size() < count);
    REQUIRE(post.recipients(results, {SmtpVerdict::transient}).size() == count - has.size());
    REQUIRE(client.most_allocated < (4U << 20));
  }
}

TEST_CASE("a server that wants answers and reads none of them is left, before they fill the memory") {
  StallingServer server(true, 1, StallingServer::Manner::wants_answers);
  Client client(server, true);
  const Post post(400, 60'000);
  const auto results = client.send(post.mails());
  REQUIRE(client.most_allocated < (4U << 20));
  REQUIRE(std::ranges::any_of(results, [](const SmtpResult& result) {
    return result.text.find("the server wants answers that it does not read") != std::string::npos;
  }));
  REQUIRE(post.recipients(results, {SmtpVerdict::permanent, SmtpVerdict::sender}).empty());
}
