// TlsSession: a client's side of TLS as a state machine without I/O: plain bytes go in and records come out,
// and the other way round, in blocks as large as the socket's owner likes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace crier {

class TlsSession {
 public:
  enum class Progress {
    done,    ///< as far as what came in allows
    hungry,  ///< more has to come in
    ended,   ///< the peer has said goodbye
    failed,  ///< see error()
  };

  /// `context` outlives this. Throws std::bad_alloc.
  explicit TlsSession(SSL_CTX* context);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// For what is verified and announced; before the first handshake().
  SSL* native_handle() const { return ssl_.get(); }

  /// Bytes from the socket. They outlive the next calls of handshake() and decrypt(), up to the first that
  /// returns `hungry`: then none is left.
  void receive(std::string_view records) { incoming_ = records; }

  Progress handshake();
  /// What the next record holds, valid until the next call.
  Progress decrypt(std::string_view& plain);
  /// Makes records of it. False: see error().
  bool encrypt(std::string_view plain);

  /// To be written to the socket; then written().
  std::string_view output() const { return std::string_view(outgoing_).substr(written_); }
  /// So much of the output is out of our hands. Returns how many of the bytes given to encrypt() are with it:
  /// those of records that are out to their ends.
  std::size_t written(std::size_t bytes);
  /// Bytes given to encrypt() that are not out yet.
  std::size_t held() const { return held_; }

  /// What failed, as OpenSSL says it.
  const std::string& error() const { return error_; }

  /// The most that one record takes (RFC 8446 §5.1).
  static constexpr std::size_t record_bytes = 16384;

 private:
  struct Free {
    void operator()(SSL* ssl) const;
  };
  struct Io;  // how OpenSSL reads and writes here
  struct Sealed {
    std::size_t plain;  // bytes that are in a record
    std::uint64_t end;  // of all output ever: before that the record ends
  };

  Progress judge(int result);

  std::string_view incoming_;
  std::string outgoing_;
  std::size_t written_ = 0;  // of these
  std::uint64_t total_written_ = 0;
  std::deque<Sealed> sealed_;
  std::size_t held_ = 0;  // in these
  std::string plain_;
  std::string error_;
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace crier
