// SinkServer: a server that benchmarks send to, for any protocol that is a dialogue: one thread, on
// 127.0.0.1.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace crier::bench {

/// Nanoseconds of the monotonic clock, which all processes of a machine share.
std::int64_t monotonic_now();

/// One connection's side of a protocol, without I/O.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  /// What the server says first.
  virtual std::string greeting() const = 0;
  /// Takes what it can understand of the front of `input`, which was read at `now`, and appends the answers.
  /// Returns how many bytes; the rest is given again with more behind it.
  virtual std::size_t take(std::string_view input, std::string& answers, std::int64_t now) = 0;
  /// So many bytes follow of which nothing has to be looked at; skip() says that they came.
  virtual std::size_t skippable() const { return 0; }
  virtual void skip(std::size_t, std::string&, std::int64_t) {}
  /// How many bytes are best read at once.
  virtual std::size_t appetite() const { return SIZE_MAX; }
  virtual bool has_ended() const { return false; }
};

struct SinkOptions {
  std::uint16_t port = 0;       ///< on 127.0.0.1; 0 = any free one
  Duration reply_delay{};       ///< each answer leaves this long after its command came
  std::string certificate_pem;  ///< with both, TLS from the first byte
  std::string key_pem;
};

class SinkServer {
 public:
  /// Listens from here on. Throws std::runtime_error.
  SinkServer(SinkOptions options, std::function<std::unique_ptr<Dialogue>()> accept);
  ~SinkServer();
  SinkServer(SinkServer&&) noexcept;
  SinkServer& operator=(SinkServer&&) = delete;

  std::uint16_t port() const;
  /// Until SIGTERM or SIGINT.
  void run();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

/// Hashes of what came before; a flat table, because it is asked for each message.
class KnownHashes {
 public:
  /// True when it is new. `hash` is not 0.
  bool add(std::uint64_t hash);

 private:
  std::size_t place_of(std::uint64_t hash) const;

  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1U << 16);  // a power of two, half are 0
  std::size_t size_ = 0;
};

}  // namespace crier::bench
