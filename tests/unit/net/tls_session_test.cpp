#include "net/tls_session.hpp"

#include <memory>

#include <boost/asio/ssl/context.hpp>
#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include "support/certificate.hpp"

using namespace crier;
using namespace crier::test;
namespace asio = boost::asio;

namespace {

// OpenSSL's own server, with its records in memory.
class Server {
 public:
  Server() : context_(asio::ssl::context::tls_server) {
    const auto certificate = make_certificate("localhost");
    context_.use_certificate(asio::buffer(certificate.certificate_pem), asio::ssl::context::pem);
    context_.use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
    ssl_.reset(SSL_new(context_.native_handle()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
  }

  void take(std::string_view records) {
    if (!records.empty())
      BIO_write(SSL_get_rbio(ssl_.get()), records.data(), static_cast<int>(records.size()));
  }
  std::string output() {
    auto* bio = SSL_get_wbio(ssl_.get());
    std::string records(BIO_ctrl_pending(bio), '\0');
    if (!records.empty()) BIO_read(bio, records.data(), static_cast<int>(records.size()));
    return records;
  }
  std::string read() {
    std::string all, part(1U << 16, '\0');
    for (int got = 0; (got = SSL_read(ssl_.get(), part.data(), static_cast<int>(part.size()))) > 0;)
      all.append(part, 0, static_cast<std::size_t>(got));
    return all;
  }
  void say(std::string_view text) { SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); }
  void end() { SSL_shutdown(ssl_.get()); }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  asio::ssl::context context_;
  std::unique_ptr<SSL, Free> ssl_;
};

struct Pair {
  Pair() {
    for (int round = 0; round < 10 && progress != TlsSession::Progress::done; ++round) {
      progress = client.handshake();
      server.take(client.output());
      client.written(client.output().size());
      server.read();
      records = server.output();
      client.receive(records);
    }
    REQUIRE(progress == TlsSession::Progress::done);
  }

  TlsSession::Progress hear(std::string_view& plain) {
    auto got = client.decrypt(plain);
    if (got != TlsSession::Progress::hungry) return got;
    records = server.output();
    client.receive(records);
    return client.decrypt(plain);
  }

  asio::ssl::context context{asio::ssl::context::tls_client};
  Server server;
  TlsSession client{context.native_handle()};
  TlsSession::Progress progress = TlsSession::Progress::hungry;
  std::string records;
};

}  // namespace

TEST_CASE("what goes in plain comes out on the other side, however the records are cut") {
  Pair pair;
  std::string said;
  for (int i = 0; i < 40'000; ++i) said += "line " + std::to_string(i) + "\r\n";
  REQUIRE(pair.client.encrypt(said));
  CHECK(pair.client.held() == said.size());
  std::string heard;
  std::size_t out = 0;
  while (!pair.client.output().empty()) {
    const auto part = pair.client.output().substr(0, 10'007);
    pair.server.take(part);
    out += pair.client.written(part.size());
    heard += pair.server.read();
    REQUIRE(out == heard.size());  // neither sooner nor later than the other side can read it
    REQUIRE(pair.client.held() == said.size() - out);
  }
  CHECK(heard == said);

  pair.server.say("250 taken\r\n");
  std::string_view plain;
  REQUIRE(pair.hear(plain) == TlsSession::Progress::done);
  CHECK(plain == "250 taken\r\n");
  pair.server.end();
  CHECK(pair.hear(plain) == TlsSession::Progress::ended);
}
