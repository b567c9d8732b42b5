#include "net/tls_session.hpp"

#include <algorithm>
#include <new>

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace crier {

// A peer that makes us answer and does not read is no peer.
constexpr std::size_t most_output = 1U << 20;

struct TlsSession::Io {
  static TlsSession& owner(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    auto& session = owner(bio);
    if (session.output().size() > most_output) return 0;
    session.outgoing_.append(bytes, size);
    *written = size;
    return 1;
  }

  static int read(BIO* bio, char* bytes, std::size_t size, std::size_t* got) {
    auto& incoming = owner(bio).incoming_;
    BIO_clear_retry_flags(bio);
    *got = incoming.copy(bytes, size);
    incoming.remove_prefix(*got);
    if (*got > 0) return 1;
    BIO_set_retry_read(bio);
    return 0;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static const auto* const made = [] {
      auto* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "crier");
      if (!method) throw std::bad_alloc();
      BIO_meth_set_write_ex(method, write);
      BIO_meth_set_read_ex(method, read);
      BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }
};

void TlsSession::Free::operator()(SSL* ssl) const {
  SSL_free(ssl);
}

TlsSession::TlsSession(SSL_CTX* context) : ssl_(SSL_new(context)) {
  auto* bio = ssl_ ? BIO_new(Io::method()) : nullptr;
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_connect_state(ssl_.get());
  SSL_set_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION);
}

TlsSession::~TlsSession() = default;

TlsSession::Progress TlsSession::judge(int result) {
  if (result > 0) return Progress::done;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Progress::hungry;
    case SSL_ERROR_ZERO_RETURN:
      return Progress::ended;
    default:
      break;
  }
  const auto code = ERR_get_error();
  if (code == 0) {
    error_ = "the server wants answers that it does not read";
    return Progress::failed;
  }
  const auto* reason = ERR_reason_error_string(code);
  const auto* library = ERR_lib_error_string(code);
  error_ = fmt::format("{} ({})", reason ? reason : "unknown error", library ? library : "TLS");
  return Progress::failed;
}

TlsSession::Progress TlsSession::handshake() {
  ERR_clear_error();
  return judge(SSL_do_handshake(ssl_.get()));
}

TlsSession::Progress TlsSession::decrypt(std::string_view& plain) {
  ERR_clear_error();
  plain_.resize(record_bytes);
  const int got = SSL_read(ssl_.get(), plain_.data(), static_cast<int>(plain_.size()));
  plain = std::string_view(plain_).substr(0, static_cast<std::size_t>(std::max(got, 0)));
  return judge(got);
}

bool TlsSession::encrypt(std::string_view plain) {
  while (!plain.empty()) {
    ERR_clear_error();
    const auto size = std::min(plain.size(), record_bytes);
    const int taken = SSL_write(ssl_.get(), plain.data(), static_cast<int>(size));
    if (taken <= 0) {
      if (judge(taken) != Progress::failed) error_ = "the server wants to negotiate anew";
      return false;
    }
    const auto sealed = static_cast<std::size_t>(taken);
    sealed_.push_back({sealed, total_written_ + output().size()});
    held_ += sealed;
    plain.remove_prefix(sealed);
  }
  return true;
}

std::size_t TlsSession::written(std::size_t bytes) {
  constexpr std::size_t worth_moving = 64U << 10;
  written_ += bytes;
  total_written_ += bytes;
  if (written_ == outgoing_.size() || written_ >= std::max(worth_moving, outgoing_.size() / 2)) {
    outgoing_.erase(0, written_);
    written_ = 0;
  }
  const auto held_before = held_;
  while (!sealed_.empty() && sealed_.front().end <= total_written_) {
    held_ -= sealed_.front().plain;
    sealed_.pop_front();
  }
  return held_before - held_;
}

}  // namespace crier
