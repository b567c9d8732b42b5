// The relay that the benchmarks of sending send to. Accepts every message, throws it away and keeps books of
// what came. Made to cost little beside what is measured: bodies are skipped by count (BDAT) or searched for
// their end only (DATA), of a header nothing is read but the Message-ID.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include <boost/json/object.hpp>

#include "sink_server.hpp"

namespace crier::bench {

/// What came; lives in memory that the sink's process shares with the one that measures. Times are those of
/// monotonic_now(), 0 = not yet.
struct SinkBooks {
  using Count = std::atomic<std::uint64_t>;
  using When = std::atomic<std::int64_t>;

  /// The messages to one domain. Set the names before the sink runs.
  struct Audience {
    std::array<char, 32> domain{};
    Count messages{0};
    When first_bytes{0};    ///< of a body; whoever measures sets it to 0 again
    When last_accepted{0};  ///< when the last one was answered
  };

  Count connections{0};
  Count messages{0};
  Count distinct{0};    ///< different Message-IDs
  Count duplicates{0};  ///< messages with a Message-ID that was there before
  Count unnamed{0};     ///< without a Message-ID
  Count bytes{0};       ///< of messages, as they would be stored but for doubled dots
  Count chunked{0};     ///< messages by BDAT
  Count grouped{0};     ///< messages whose MAIL came with the commands after it
  Count overlapped{0};  ///< messages by DATA whose last dot came with the commands of the next one
  When first_bytes{0};
  When last_accepted{0};
  std::array<Audience, 2> audiences;

  void name_audience(std::size_t index, std::string_view domain);
  /// How the sender used what the sink advertises: bdat, overlapped, grouped or lockstep.
  std::string_view mode() const;
  /// Messages a second between the first byte and the last answer.
  double rate() const;
  boost::json::object to_json() const;
};

struct SmtpSinkOptions {
  SinkOptions server;
  bool chunking = true;    ///< advertise CHUNKING (RFC 3030)
  bool pipelining = true;  ///< advertise PIPELINING (RFC 2920)
};

/// A relay that accepts everything. `books` outlives it.
SinkServer smtp_sink(const SmtpSinkOptions& options, SinkBooks& books);

}  // namespace crier::bench
