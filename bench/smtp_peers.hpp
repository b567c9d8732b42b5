// What sends mail, too: the peers of `crier-bench smtp`, each against a sink of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "smtp_sink.hpp"

namespace crier::bench {

struct PeerLoad {
  std::int64_t messages = 0;  ///< at most; a peer is given as many as it sends in some seconds
  std::size_t size = 0;       ///< of a message, in bytes
  std::int64_t connections = 0;
  SmtpSinkOptions sink;
};

/// "smtp-source", "curl-easy", "curl-multi", "nodemailer".
const std::vector<std::string>& peer_names();

/// {messages, rate, cpu_us_per_message, lost, duplicates, mode}, or {skipped: why}.
boost::json::object run_peer(const std::string& name, const PeerLoad& load);

}  // namespace crier::bench
