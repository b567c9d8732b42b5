#include <algorithm>
#include <chrono>
#include <csignal>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "base/files.hpp"
#include "benches.hpp"
#include "http_sink.hpp"
#include "measure.hpp"
#include "newsroom.hpp"
#include "node_peer.hpp"
#include "options.hpp"
#include "process.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;

constexpr const char* usage =
    "Usage: crier-bench webhook [--requests N] [--connections N] [--peers all|none]\n"
    "                           [--peer-requests N]\n"
    "One story goes to N webhooks of a real `crier serve`, signed and through the outbox "
    "with its\n"
    "fsyncs, to the bench's sink. The peer is undici (node).\n";

struct Options {
  std::int64_t requests = 200'000;
  std::int64_t connections = 32;
  std::int64_t peer_requests = 200'000;
  std::string peers = "all";
};

// One secret for all: without it crier would make a file for each.
std::string endpoint(std::uint16_t port, const std::filesystem::path& secret) {
  return fmt::format("webhook: {{url: \"http://127.0.0.1:{}/hook\", secret_file: \"{}\"}}", port,
                     secret.string());
}

json::object run_ours(const Options& options) {
  const ScratchFolder scratch;
  const auto secret = std::filesystem::absolute(scratch.path() / "webhook.secret");
  constexpr unsigned only_owner = 0600;
  if (const auto written =
          write_file_atomically(secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", only_owner);
      !written)
    throw std::runtime_error(written.error().message);
  Shared<SinkBooks> books;
  auto sink = http_sink({}, *books);
  Process server([&] { sink.run(); });
  NewsroomPlan plan;
  plan.readers = {{.topic = "harbour",
                   .count = options.requests,
                   .endpoint = endpoint(sink.port(), secret),
                   .follows = {{"harbour"}}}};
  plan.channels = fmt::format("  webhook: {{allow_http: true, allow: [127.0.0.1], connections: {}}}\n",
                              options.connections);
  show_progress(fmt::format("writing a configuration of {} subscribers", options.requests));
  const NewsroomFolder folder(scratch.path(), plan);
  show_progress("crier serve loads it");
  RunningCrier crier(folder);
  const auto cpu_before = crier.process().cpu_s();
  constexpr std::size_t text_bytes = 1000;  // which a webhook's body does not carry
  const auto landed = folder.land("story-1", NewsroomFolder::story("story-1", "harbour", text_bytes));
  const auto accepted = [&] { return static_cast<std::int64_t>(books->distinct); };
  bool is_settled = crier.wait_until([&] { return accepted() == options.requests; }, accepted, "accepted");
  auto tally = folder.total();
  const auto is_recorded = [&] {
    tally = folder.total();
    return tally.queued == 0 && tally.matched == options.requests;
  };
  is_settled = is_settled && crier.wait_until(
                                 is_recorded, [&] { return tally.delivered; }, "recorded");
  const auto seconds = static_cast<double>(monotonic_now() - landed) / 1e9;
  const auto cpu_s = crier.process().cpu_s() - cpu_before;
  const auto peak_mb = crier.peak_mb();
  crier.stop();
  const auto delivered = static_cast<double>(tally.delivered);
  const auto count = static_cast<double>(std::max<std::uint64_t>(books->messages, 1));
  return {{"bench", "webhook"},
          {"requests", options.requests},
          {"body_bytes", static_cast<double>(books->bytes) / count},
          {"connections", options.connections},
          {"seconds", seconds},
          {"rate", delivered / seconds},
          {"rate_per_core", delivered / cpu_s},
          {"cpu_us_per_request", cpu_s * 1e6 / delivered},
          {"lost", options.requests - accepted()},
          {"duplicates", books->duplicates.load()},
          {"rss_mb", peak_mb},
          {"is_settled", is_settled}};
}

json::object run_undici(const Options& options, std::size_t body_bytes) {
  const ScratchFolder scratch;
  Shared<SinkBooks> books;
  auto sink = http_sink({}, *books);
  Process server([&] { sink.run(); });
  try {
    const NodePeer node("undici@6.21.0");
    const auto ran = node.run("undici.mjs",
                              {std::to_string(sink.port()), std::to_string(options.connections),
                               std::to_string(options.peer_requests), std::to_string(body_bytes)},
                              scratch.path());
    const auto sent = static_cast<double>(ran.at("sent").as_int64());
    const auto cpu_s = ran.at("cpu_s").to_number<double>();
    return {{"requests", sent},
            {"rate", books->rate()},
            {"rate_per_core", sent / cpu_s},
            {"cpu_us_per_request", cpu_s * 1e6 / sent}};
  } catch (const std::exception& e) {
    return {{"skipped", e.what()}};
  }
}

}  // namespace

int webhook_bench(const Words& words) {
  Options options;
  const bool good = read_options(words, {{"--requests", &options.requests},
                                         {"--connections", &options.connections},
                                         {"--peer-requests", &options.peer_requests},
                                         {"--peers", &options.peers}});
  if (!good || (options.peers != "all" && options.peers != "none")) return complain(words, usage);
  auto out = run_ours(options);
  if (options.peers == "all") {
    show_progress("peer undici");
    auto undici = run_undici(options, static_cast<std::size_t>(out.at("body_bytes").to_number<double>()));
    show_progress("");
    for (const auto* key : {"rate", "rate_per_core"}) {
      if (const auto* theirs = undici.if_contains(key))
        undici[fmt::format("ratio_{}", key)] = out.at(key).to_number<double>() / theirs->to_number<double>();
    }
    out["peers"] = json::object{{"undici", std::move(undici)}};
  }
  fmt::print("{}\n", json::serialize(out));
  const bool is_whole = out.at("is_settled").as_bool() && out.at("lost").to_number<std::int64_t>() == 0;
  return is_whole ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier::bench
