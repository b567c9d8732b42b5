#include "support/fake_smtp_server.hpp"

#include <array>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "base/tasks.hpp"

namespace crier::test {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr std::size_t max_line = 4U << 20;

std::string verb_of(const std::string& line) {
  std::string verb = line.substr(0, line.find(' '));
  for (char& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return verb;
}

}  // namespace

struct FakeSmtpServer::State {
  State(asio::io_context& loop, FakeSmtpScript given)
      : script(std::move(given)),
        acceptor(loop, {asio::ip::address_v4::loopback(), 0}),
        tls(asio::ssl::context::tls_server),
        // A connection that breaks off is what many tests want.
        tasks(loop.get_executor(), [](const std::string&, const std::string&) {}) {
    if (!script.certificate) return;
    tls.use_certificate(asio::buffer(script.certificate->certificate_pem), asio::ssl::context::pem);
    tls.use_private_key(asio::buffer(script.certificate->key_pem), asio::ssl::context::pem);
  }

  FakeSmtpScript script;
  tcp::acceptor acceptor;
  asio::ssl::context tls;
  std::vector<std::string> commands;
  std::vector<std::string> messages;
  std::vector<FakeDelivery> deliveries;
  int connections = 0;
  TaskGroup tasks;
};

namespace {

// One connection. `Owner` is FakeSmtpServer::State, which is private there.
template <class Owner>
class Conversation {
 public:
  Conversation(std::shared_ptr<Owner> owner, tcp::socket socket)
      : owner_(std::move(owner)), stream_(std::move(socket), owner_->tls) {}

  asio::awaitable<void> run() {
    if (owner_->script.implicit_tls) co_await secure();
    co_await answer("GREETING", {"220 fake.example ESMTP"});
    while (open_) {
      const auto line = co_await read_line();
      owner_->commands.push_back(line);
      co_await obey(line);
    }
  }

 private:
  asio::awaitable<void> secure() {
    co_await stream_.async_handshake(asio::ssl::stream_base::server, use_awaitable);
    secured_ = true;
  }

  asio::awaitable<void> obey_data() {
    if (recipients_.empty() && !owner_->script.asks_for_data_always)
      co_return co_await write("554 5.5.1 no valid recipients\r\n");
    const bool let_in = co_await answer("DATA", {"354 go ahead"});
    if (!let_in || !open_) co_return;
    co_await read_message();
    owner_->commands.emplace_back("BODY");
    const auto reply = next_reply("BODY", {"250 2.0.0 taken as 42"});
    if (is_positive(reply) && !recipients_.empty())
      deliver();  // before the client, on its thread, hears of it
    co_await say(reply);
    clear();
  }

  asio::awaitable<void> obey_chunk(std::size_t size, bool is_last) {
    const bool fits = !recipients_.empty();
    const bool early = owner_->script.answers_chunks_early && !fits;
    if (early) co_await refuse_chunk();
    auto buffer = asio::dynamic_buffer(unread_, max_line);
    const auto missing = size - std::min(size, unread_.size());
    if (secured_)
      co_await asio::async_read(stream_, buffer, asio::transfer_exactly(missing), use_awaitable);
    else
      co_await asio::async_read(stream_.next_layer(), buffer, asio::transfer_exactly(missing), use_awaitable);
    message_.append(unread_, 0, size);
    unread_.erase(0, size);
    if (is_last) owner_->messages.push_back(message_);
    if (!fits) {
      message_.clear();  // and nothing else
      if (!early) co_await refuse_chunk();
      co_return;
    }
    const auto reply = next_reply("BDAT", {"250 2.0.0 taken as 42"});
    if (!is_positive(reply)) {
      message_.clear();
    } else if (is_last) {
      deliver();  // before the client, on its thread, hears of it
      clear();
    }
    co_await say(reply);
  }

  asio::awaitable<void> refuse_chunk() { co_await write("503 5.5.1 no valid recipients\r\n"); }

  void deliver() { owner_->deliveries.push_back({recipients_, message_}); }

  void clear() {
    in_transaction_ = false;
    recipients_.clear();
    message_.clear();
  }

  asio::awaitable<void> obey(std::string line) {
    const auto verb = verb_of(line);
    if (verb == "EHLO") {
      co_await answer(verb, {hello()});
    } else if (verb == "STARTTLS") {
      if (co_await answer(verb, {"220 2.0.0 go"}) && open_) co_await secure();
    } else if (verb == "AUTH") {
      co_await answer(verb, {"235 2.7.0 welcome"});
    } else if (verb == "RSET") {
      clear();
      co_await answer(verb, {"250 2.0.0 forgotten"});
    } else if (verb == "MAIL") {
      if (in_transaction_)
        co_await write("503 5.5.1 nested MAIL\r\n");
      else
        in_transaction_ = co_await answer(verb, {"250 2.1.0 ok"});
    } else if (verb == "RCPT") {
      if (!in_transaction_)
        co_await write("503 5.5.1 RCPT without MAIL\r\n");
      else if (co_await answer(verb, {"250 2.1.5 ok"}))
        recipients_.push_back(line.substr(line.find('<') + 1, line.find('>') - line.find('<') - 1));
    } else if (verb == "DATA") {
      co_await obey_data();
    } else if (verb == "BDAT" && owner_->script.knows_bdat) {
      co_await obey_chunk(std::stoul(line.substr(5)), line.ends_with("LAST"));
    } else if (verb == "BDAT") {
      co_await write("500 5.5.2 what?\r\n");
    } else if (verb == "QUIT") {
      co_await answer(verb, {"221 2.0.0 bye", FakeReply::Manner::say_and_close});
    } else {
      co_await answer(verb, {"250 2.0.0 ok"});
    }
  }

  // What the client still says is read, so that no reset overtakes our last words.
  asio::awaitable<void> hang_up() {
    auto& socket = stream_.next_layer();
    boost::system::error_code ended;
    socket.shutdown(tcp::socket::shutdown_send, ended);
    std::array<char, 4096> unheard;
    while (!ended)
      co_await socket.async_read_some(asio::buffer(unheard), asio::redirect_error(use_awaitable, ended));
    socket.close();
  }

  std::string hello() const {
    std::vector<std::string> lines{"fake.example"};
    for (const auto& each : owner_->script.extensions) lines.push_back(each);
    if (owner_->script.certificate && !secured_) lines.emplace_back("STARTTLS");
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) out += "\r\n";
      out += (i + 1 < lines.size() ? "250-" : "250 ") + lines[i];
    }
    return out;
  }

  // The scripted one, else the usual one.
  FakeReply next_reply(const std::string& verb, FakeReply usual) {
    auto& scripted = owner_->script.replies[verb];
    if (scripted.empty()) return usual;
    auto reply = std::move(scripted.front());
    scripted.pop_front();
    return reply;
  }

  static bool is_positive(const FakeReply& reply) {
    return reply.text.starts_with('2') || reply.text.starts_with('3');
  }

  asio::awaitable<bool> answer(std::string verb, FakeReply usual) {
    const auto reply = next_reply(verb, std::move(usual));
    co_await say(reply);
    co_return is_positive(reply);
  }

  asio::awaitable<void> say(FakeReply reply) {
    switch (reply.manner) {
      case FakeReply::Manner::say:
      case FakeReply::Manner::say_and_close:
        if (!reply.text.empty()) co_await write(reply.text + "\r\n");
        if (reply.manner == FakeReply::Manner::say_and_close) {
          open_ = false;
          co_await hang_up();
        }
        break;
      case FakeReply::Manner::late: {
        asio::steady_timer pause(stream_.get_executor(), std::chrono::milliseconds(30));
        co_await pause.async_wait(use_awaitable);
        co_await write(reply.text + "\r\n");
        break;
      }
      case FakeReply::Manner::hang: {
        asio::steady_timer forever(stream_.get_executor(), asio::steady_timer::time_point::max());
        co_await forever.async_wait(use_awaitable);
        break;
      }
      case FakeReply::Manner::drip: {
        asio::steady_timer pause(stream_.get_executor());
        for (;;) {
          co_await write("2");
          pause.expires_after(std::chrono::milliseconds(5));
          co_await pause.async_wait(use_awaitable);
        }
      }
    }
  }

  asio::awaitable<void> write(std::string text) {
    if (secured_)
      co_await asio::async_write(stream_, asio::buffer(text), use_awaitable);
    else
      co_await asio::async_write(stream_.next_layer(), asio::buffer(text), use_awaitable);
  }

  asio::awaitable<std::string> read_line() {
    auto buffer = asio::dynamic_buffer(unread_, max_line);
    std::size_t size = 0;
    if (secured_)
      size = co_await asio::async_read_until(stream_, buffer, "\r\n", use_awaitable);
    else
      size = co_await asio::async_read_until(stream_.next_layer(), buffer, "\r\n", use_awaitable);
    auto line = unread_.substr(0, size - 2);
    unread_.erase(0, size);
    co_return line;
  }

  asio::awaitable<void> read_message() {
    message_.clear();
    for (;;) {
      auto line = co_await read_line();
      if (line == ".") break;
      if (line.starts_with('.')) line.erase(0, 1);
      message_ += line + "\r\n";
      if (owner_->script.body_limit && message_.size() > *owner_->script.body_limit) break;
    }
    owner_->messages.push_back(message_);
  }

  std::shared_ptr<Owner> owner_;
  asio::ssl::stream<tcp::socket> stream_;
  std::string unread_;
  std::string message_;
  std::vector<std::string> recipients_;
  bool in_transaction_ = false;
  bool secured_ = false;
  bool open_ = true;
};

template <class Owner>
asio::awaitable<void> converse(std::shared_ptr<Owner> owner, tcp::socket socket) {
  Conversation<Owner> conversation(owner, std::move(socket));
  co_await conversation.run();
}

template <class Owner>
asio::awaitable<void> accept_all(std::shared_ptr<Owner> owner) {
  for (;;) {
    auto socket = co_await owner->acceptor.async_accept(use_awaitable);
    socket.set_option(tcp::no_delay(true));  // replies that wait would be lost where the script hangs up
    ++owner->connections;
    owner->tasks.start("conversation", converse(owner, std::move(socket)));
  }
}

}  // namespace

FakeSmtpServer::FakeSmtpServer(asio::io_context& loop, FakeSmtpScript script)
    : state_(std::make_shared<State>(loop, std::move(script))) {
  state_->tasks.start("accept", accept_all(state_));
}

FakeSmtpServer::~FakeSmtpServer() {
  state_->tasks.stop();
}

std::uint16_t FakeSmtpServer::port() const {
  return state_->acceptor.local_endpoint().port();
}

const std::vector<std::string>& FakeSmtpServer::commands() const {
  return state_->commands;
}

const std::vector<std::string>& FakeSmtpServer::messages() const {
  return state_->messages;
}

const std::vector<FakeDelivery>& FakeSmtpServer::deliveries() const {
  return state_->deliveries;
}

int FakeSmtpServer::connections() const {
  return state_->connections;
}

}  // namespace crier::test
