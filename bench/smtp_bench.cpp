#include <algorithm>
#include <chrono>
#include <csignal>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "base/files.hpp"
#include "benches.hpp"
#include "measure.hpp"
#include "newsroom.hpp"
#include "options.hpp"
#include "process.hpp"
#include "smtp_peers.hpp"
#include "smtp_sink.hpp"
#include "support/certificate.hpp"

namespace crier::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* usage =
    "Usage: crier-bench smtp [--messages N] [--size BYTES] [--connections N] [--reply-delay 5ms] [--tls]\n"
    "                        [--mode auto|bdat|overlapped|lockstep] [--peers all|none|NAME,NAME]\n"
    "                        [--peer-messages N]\n"
    "One story lands in the folder of a real `crier serve` and goes to N readers by SMTP, through the outbox "
    "with\n"
    "its fsyncs, to the bench's sink. Peers: smtp-source, curl-easy, curl-multi, nodemailer.\n";

struct Options {
  std::int64_t messages = 1'000'000;
  std::int64_t size = 30'000;
  std::int64_t connections = 8;
  std::int64_t peer_messages = 100'000;
  Duration reply_delay{};
  bool tls = false;
  std::string mode = "auto";
  std::string peers = "all";
};

SmtpSinkOptions sink_of(const Options& options) {
  SmtpSinkOptions sink;
  sink.server.reply_delay = options.reply_delay;
  sink.chunking = options.mode == "auto" || options.mode == "bdat";
  sink.pipelining = options.mode != "lockstep";
  return sink;
}

std::string channel_of(const Options& options, std::uint16_t port, const fs::path& authority) {
  const auto relay = options.tls ? fmt::format("smtps://localhost:{}", port)
                                 : fmt::format("smtp://127.0.0.1:{}?starttls=off", port);
  return email_channel(relay, options.connections,
                       options.tls ? fmt::format("    ca_file: {}\n", authority.string()) : "");
}

json::object run_ours(const Options& options) {
  const ScratchFolder scratch;
  auto sink_options = sink_of(options);
  const auto authority = fs::absolute(scratch.path() / "authority.pem");
  if (options.tls) {
    const auto certificate = test::make_certificate("localhost");
    sink_options.server.certificate_pem = certificate.certificate_pem;
    sink_options.server.key_pem = certificate.key_pem;
    if (const auto written = write_file_atomically(authority, certificate.certificate_pem); !written)
      throw std::runtime_error(written.error().message);
  }
  Shared<SinkBooks> books;
  auto sink = smtp_sink(sink_options, *books);
  Process server([&] { sink.run(); });
  NewsroomPlan plan;
  plan.readers = {{.topic = "harbour",
                   .count = options.messages,
                   .endpoint = "email: reader-{}@digest.example",
                   .follows = {{"harbour"}}}};
  plan.channels = channel_of(options, sink.port(), authority);
  plan.mail_bytes = static_cast<std::size_t>(options.size);
  show_progress(fmt::format("writing a configuration of {} readers", options.messages));
  const NewsroomFolder folder(scratch.path(), plan);
  const auto story =
      NewsroomFolder::story("story-1", "harbour", folder.text_bytes_for("harbour", plan.mail_bytes));
  show_progress("crier serve loads it");
  RunningCrier crier(folder);
  const auto before_mb = crier.process().resident_mb();
  const auto cpu_before = crier.process().cpu_s();
  const auto sink_cpu_before = server.cpu_s();
  const auto landed = folder.land("story-1", story);
  const auto accepted = [&] { return static_cast<std::int64_t>(books->distinct); };
  bool is_settled = crier.wait_until([&] { return accepted() == options.messages; }, accepted, "accepted");
  Tally tally = folder.total();
  const auto is_recorded = [&] {
    tally = folder.total();
    return tally.queued == 0 && tally.matched == options.messages;
  };
  is_settled = is_settled && crier.wait_until(
                                 is_recorded, [&] { return tally.delivered; }, "recorded");
  const auto seconds = static_cast<double>(monotonic_now() - landed) / 1e9;
  const auto cpu_s = crier.process().cpu_s() - cpu_before;
  const auto sink_cpu_s = server.cpu_s() - sink_cpu_before;
  const auto peak_mb = crier.peak_mb();
  crier.stop();
  const auto count = static_cast<double>(std::max<std::uint64_t>(books->messages, 1));
  return {{"messages", options.messages},
          {"size", static_cast<double>(books->bytes) / count},
          {"seconds", seconds},
          {"rate", static_cast<double>(tally.delivered) / seconds},
          {"cpu_us_per_message", cpu_s * 1e6 / count},
          {"lost", options.messages - accepted()},
          {"duplicates", books->duplicates.load()},
          {"rss_mb", peak_mb},
          {"mode", books->mode()},
          {"is_settled", is_settled},
          {"delivered", tally.delivered},
          {"first_bytes_ms", static_cast<double>(books->first_bytes - landed) / 1e6},
          {"sending_s", static_cast<double>(books->last_accepted - books->first_bytes) / 1e9},
          {"load_s", crier.load_s()},
          {"rss_before_mb", before_mb},
          {"sink_cpu_us_per_message", sink_cpu_s * 1e6 / count}};
}

bool is_asked_for(const std::string& name, const std::string& peers) {
  return peers == "all" || ("," + peers + ",").find("," + name + ",") != std::string::npos;
}

json::object run_peers(const Options& options, double our_rate) {
  json::object out;
  for (const auto& name : peer_names()) {
    if (!is_asked_for(name, options.peers)) continue;
    show_progress("peer " + name);
    auto peer = run_peer(name, {.messages = options.peer_messages,
                                .size = static_cast<std::size_t>(options.size),
                                .connections = options.connections,
                                .sink = sink_of(options)});
    show_progress("");
    if (const auto* rate = peer.if_contains("rate")) peer["ratio"] = our_rate / rate->to_number<double>();
    out[name] = std::move(peer);
  }
  return out;
}

bool is_known_mode(const std::string& mode) {
  return mode == "auto" || mode == "bdat" || mode == "overlapped" || mode == "lockstep";
}

}  // namespace

int smtp_bench(const Words& words) {
  Options options;
  const bool good = read_options(words, {{"--messages", &options.messages},
                                         {"--size", &options.size},
                                         {"--connections", &options.connections},
                                         {"--peer-messages", &options.peer_messages},
                                         {"--reply-delay", &options.reply_delay},
                                         {"--tls", &options.tls},
                                         {"--mode", &options.mode},
                                         {"--peers", &options.peers}});
  if (!good || !is_known_mode(options.mode)) return complain(words, usage);
  auto out = run_ours(options);
  out["bench"] = "smtp";
  out["connections"] = options.connections;
  out["reply_delay_ms"] = std::chrono::duration<double, std::milli>(options.reply_delay).count();
  out["tls"] = options.tls;
  if (options.peers != "none") out["peers"] = run_peers(options, out.at("rate").to_number<double>());
  fmt::print("{}\n", json::serialize(out));
  const bool is_whole = out.at("is_settled").as_bool() && out.at("lost").to_number<std::int64_t>() == 0;
  return is_whole ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier::bench
