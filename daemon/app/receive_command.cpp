#include <charconv>
#include <csignal>
#include <iostream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/secret.hpp"
#include "base/clock.hpp"
#include "channel/webhook.hpp"
#include "http/public_listener.hpp"
#include "http/receiver.hpp"

namespace crier {
namespace {

// Read at each request: the daemon makes the secret when it first starts, maybe after us.
Result<void> verify(const std::string& secret_file, const http::Request& request) {
  const auto text = read_secret(secret_file);
  if (!text) return text.error();
  auto key = parse_webhook_secret(*text);
  if (!key) return key.error();
  const std::vector<std::string> keys{std::move(*key)};
  const WebhookHeaders headers{request.headers.get("webhook-id"), request.headers.get("webhook-timestamp"),
                               request.headers.get("webhook-signature")};
  return verify_webhook(headers, request.body, keys, SystemClock().now());
}

}  // namespace

int receive_command(const Words& words) {
  CommandLine line(
      "receive", "[--port N] [--secret-file FILE]",
      "A small receiver on 127.0.0.1 to try against: prints every webhook (POST /webhook) and WhatsApp\n"
      "message (POST /vN/PHONE/messages) it gets and answers as the real ones do. Stop with Ctrl-C.");
  line.option("port", "N", "listen on this port (default 8090; 0 = any free one)")
      .option("secret-file", "FILE", "check webhook signatures with the whsec_… secret in this file");
  if (const auto code = line.read(words, 0, 0)) return *code;
  std::uint16_t port = 8090;
  if (const auto text = line.get("port")) {
    const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), port);
    if (failed != std::errc{} || end != text->data() + text->size())
      return line.usage_error("--port must be a number from 0 to 65535");
  }
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context loop{1};
  SystemClock clock;
  http::ReceiverOptions options;
  if (const auto file = line.get("secret-file"))
    options.verify = [file](const http::Request& request) { return verify(*file, request); };
  const auto handler = http::receiver(std::cout, std::move(options));
  http::PublicListenerOptions listen;
  listen.addresses = {{"127.0.0.1", port}};
  http::PublicListener listener(loop.get_executor(), clock, std::move(listen), handler);
  if (const auto opened = listener.open(); !opened)
    return line.fail(exit_code::unavailable, opened.error().message);
  fmt::print("receiving on http://127.0.0.1:{}: POST /webhook, POST /vN/PHONE/messages\n", listener.port());
  std::fflush(stdout);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) { loop.stop(); });
  loop.run();
  return exit_code::ok;
}

}  // namespace crier
