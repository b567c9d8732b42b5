// The benchmarks of crier-bench. Each runs ours and its peer in one run, prints one JSON object to standard
// output and returns an exit code.
#pragma once

#include <string>
#include <vector>

namespace crier::bench {

using Words = std::vector<std::string>;

/// The durable queue: add, claim and settle deliveries, against one row per delivery.
int outbox_bench(const Words& words);

/// What one reader got, among thousands of batches; what is queued; a recall.
int ledger_bench(const Words& words);

/// The configuration of a million subscribers: first load, reloads, memory, and ways to read its YAML.
int load_bench(const Words& words);

/// Rules and stories: matching against a naive scan, changes, memory, and the oracle.
int match_bench(const Words& words);

/// Files of stories in every format: speed against libxml2's plain parse, memory, and a hundred bombs.
int parse_bench(const Words& words);

/// Hundreds of feeds polled by one daemon: how long its loop takes to answer meanwhile.
int feeds_bench(const Words& words);

/// One form of a mail filled for many readers, against templates and encoding for each.
int render_bench(const Words& words);

/// The relay that the benchmarks of sending send to, for other senders.
int sink_bench(const Words& words);

/// One story to many readers by SMTP: the daemon against smtp-source, libcurl and nodemailer.
int smtp_bench(const Words& words);

/// From a file's rename to the bytes on the relay's socket: idle, a large audience, and beside a digest.
int latency_bench(const Words& words);

/// kill -9 again and again while sending; nothing may be lost, and little sent twice.
int crash_bench(const Words& words);

/// One story to many webhooks: the daemon against undici.
int webhook_bench(const Words& words);

}  // namespace crier::bench
