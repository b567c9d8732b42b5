#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "base/files.hpp"
#include "benches.hpp"
#include "options.hpp"
#include "smtp_sink.hpp"

namespace crier::bench {
namespace {

constexpr const char* usage =
    "Usage: crier-bench sink [--port N] [--reply-delay 5ms] [--no-chunking] [--no-pipelining]\n"
    "                        [--tls-certificate FILE --tls-key FILE] [--expect N]\n"
    "Accepts mail by SMTP on 127.0.0.1, throws it away, and says what came when it is stopped (SIGTERM or "
    "^C).\n"
    "The command XCOUNT answers the same while it runs.\n";

}  // namespace

int sink_bench(const Words& words) {
  std::int64_t port = 2525;
  std::int64_t expected = 0;
  bool no_chunking = false;
  bool no_pipelining = false;
  std::string certificate;
  std::string key;
  SmtpSinkOptions options;
  const bool good = read_options(words, {{"--port", &port},
                                         {"--expect", &expected},
                                         {"--reply-delay", &options.server.reply_delay},
                                         {"--no-chunking", &no_chunking},
                                         {"--no-pipelining", &no_pipelining},
                                         {"--tls-certificate", &certificate},
                                         {"--tls-key", &key}});
  if (!good || port > UINT16_MAX || certificate.empty() != key.empty()) return complain(words, usage);
  constexpr std::uint64_t largest_pem = 1U << 20;
  options.server.port = static_cast<std::uint16_t>(port);
  options.chunking = !no_chunking;
  options.pipelining = !no_pipelining;
  if (!certificate.empty()) {
    options.server.certificate_pem = read_file(certificate, largest_pem).value();
    options.server.key_pem = read_file(key, largest_pem).value();
  }
  SinkBooks books;
  auto sink = smtp_sink(options, books);
  fmt::print(stderr, "listening on 127.0.0.1:{}\n", sink.port());
  sink.run();
  auto out = books.to_json();
  out["bench"] = "sink";
  if (expected > 0) out["lost"] = expected - static_cast<std::int64_t>(books.distinct + books.unnamed);
  fmt::print("{}\n", boost::json::serialize(out));
  return exit_code::ok;
}

}  // namespace crier::bench
