#include "smtp_sink.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"

namespace crier::bench {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_command = 4096;
constexpr std::size_t longest_header = 64U << 10;
constexpr auto relaxed = std::memory_order_relaxed;

// Only the sink's one thread counts, so no bus has to be locked.
void add(SinkBooks::Count& count, std::uint64_t by) {
  count.store(count.load(relaxed) + by, relaxed);
}

bool equal_but_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && std::ranges::equal(left, right, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + 32 : a) == (b >= 'A' && b <= 'Z' ? b + 32 : b);
         });
}

bool begins_with(std::string_view line, std::string_view word) {
  return line.size() >= word.size() && equal_but_case(line.substr(0, word.size()), word);
}

struct ReadId {
  bool is_done = false;
  std::uint64_t hash = 0;
};

// The hash of the Message-ID; done also when the header ends without one.
ReadId find_message_id(std::string_view header) {
  constexpr std::string_view name = "message-id:";
  while (!header.empty()) {
    const auto end = header.find('\n');
    if (end == std::string_view::npos) return {};
    if (header[0] == '\r' || header[0] == '\n') return {true, 0};
    if ((header[0] == 'M' || header[0] == 'm') && begins_with(header, name)) {
      const auto open = header.find('<');
      const auto close = header.find('>', open == std::string_view::npos ? 0 : open);
      if (open == std::string_view::npos || close == std::string_view::npos) return {};
      const auto hash = std::hash<std::string_view>()(header.substr(open, close - open));
      return {true, hash == 0 ? 1 : hash};
    }
    header.remove_prefix(end + 1);
  }
  return {};
}

// Offset of the first line from `from` on that begins with a dot, or the size. Written so that the compiler
// compares many bytes at once: bodies are looked through at the speed of memory.
std::size_t find_dot_line(std::string_view text, std::size_t from) {
  constexpr std::size_t block = 64;
  const auto* bytes = text.data();
  auto at = from;
  for (; at + block < text.size(); at += block) {
    unsigned char hits = 0;
    for (std::size_t i = 0; i < block; ++i)
      hits |= static_cast<unsigned char>((bytes[at + i] == '\n') & (bytes[at + i + 1] == '.'));
    if (hits != 0) break;
  }
  for (; at + 1 < text.size(); ++at) {
    if (bytes[at] == '\n' && bytes[at + 1] == '.') return at + 1;
  }
  return text.size();
}

}  // namespace

void SinkBooks::name_audience(std::size_t index, std::string_view domain) {
  auto& name = audiences.at(index).domain;
  name.fill('\0');
  domain.copy(name.data(), name.size() - 1);
}

std::string_view SinkBooks::mode() const {
  const auto most = messages.load() / 2;
  if (messages == 0) return "none";
  if (chunked > most) return "bdat";
  // Not all of them: a read may end between two messages.
  if (overlapped > messages / 4) return "overlapped";
  return grouped > messages / 4 ? "grouped" : "lockstep";
}

double SinkBooks::rate() const {
  const auto seconds = static_cast<double>(last_accepted - first_bytes) / 1e9;
  return seconds > 0 ? static_cast<double>(messages.load()) / seconds : 0;
}

json::object SinkBooks::to_json() const {
  return {{"messages", messages.load()},
          {"distinct", distinct.load()},
          {"duplicates", duplicates.load()},
          {"unnamed", unnamed.load()},
          {"bytes", bytes.load()},
          {"connections", connections.load()},
          {"mode", mode()},
          {"seconds", static_cast<double>(last_accepted - first_bytes) / 1e9},
          {"rate", rate()}};
}

namespace {

class SmtpDialogue final : public Dialogue {
 public:
  SmtpDialogue(const SmtpSinkOptions& options, SinkBooks& books, KnownHashes& known)
      : options_(options), books_(books), known_(known) {
    books_.connections.fetch_add(1);
  }

  std::string greeting() const override { return "220 sink.bench ESMTP\r\n"; }
  std::size_t take(std::string_view input, std::string& answers, std::int64_t now) override;
  std::size_t skippable() const override { return state_ == State::chunk && id_is_read_ ? chunk_left_ : 0; }
  void skip(std::size_t bytes, std::string& answers, std::int64_t now) override;
  std::size_t appetite() const override;
  bool has_ended() const override { return state_ == State::ended; }

 private:
  enum class State { command, text, chunk, ended };

  std::size_t take_command(std::string_view input, std::string& answers);
  void obey(std::string_view line, bool more_follows, std::string& answers);
  void obey_bdat(std::string_view arguments, std::string& answers);
  void note_recipient(std::string_view line);
  bool read_id(std::string_view input, bool is_all, std::int64_t now);
  std::size_t take_text(std::string_view input, std::string& answers, std::int64_t now);
  void accept(std::string& answers, std::int64_t now);
  void begin_transaction();

  const SmtpSinkOptions& options_;
  SinkBooks& books_;
  KnownHashes& known_;
  State state_ = State::command;
  bool has_sender_ = false;
  std::size_t recipients_ = 0;
  SinkBooks::Audience* audience_ = nullptr;
  bool has_begun_ = false;   // the first byte of the message was seen
  bool id_is_read_ = false;  // nothing more is to be read of the message's header
  std::uint64_t id_ = 0;     // hash of the Message-ID; 0 = none
  bool at_line_start_ = true;
  std::size_t chunk_left_ = 0;
  std::size_t chunk_size_ = 0;
  bool chunk_is_last_ = false;
  bool chunk_is_wanted_ = false;
};

std::size_t SmtpDialogue::take(std::string_view input, std::string& answers, std::int64_t now) {
  std::size_t taken = 0;
  while (taken < input.size() && state_ != State::ended) {
    const auto rest = input.substr(taken);
    std::size_t step = 0;
    if (state_ == State::command) {
      step = take_command(rest, answers);
    } else if (state_ == State::text) {
      step = take_text(rest, answers, now);
    } else {
      const auto here = rest.substr(0, chunk_left_);
      if (!read_id(here, here.size() == chunk_left_, now)) return taken;
      step = here.size();
      skip(step, answers, now);
    }
    if (step == 0) break;
    taken += step;
  }
  return taken;
}

std::size_t SmtpDialogue::appetite() const {
  // Of a large chunk only the beginning is wanted; what follows is skipped where it lies.
  constexpr std::size_t beginning = 4096;
  constexpr std::size_t large = 16U << 10;
  return chunk_size_ >= large ? beginning : SIZE_MAX;
}

std::size_t SmtpDialogue::take_command(std::string_view input, std::string& answers) {
  const auto end = input.find('\n');
  if (end == std::string_view::npos) {
    if (input.size() > longest_command) {
      answers += "500 5.5.2 Line too long\r\n";
      state_ = State::ended;
    }
    return 0;
  }
  auto line = input.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  obey(line, end + 1 < input.size(), answers);
  return end + 1;
}

void SmtpDialogue::begin_transaction() {
  has_sender_ = has_begun_ = id_is_read_ = false;
  recipients_ = 0;
  audience_ = nullptr;
  id_ = 0;
}

void SmtpDialogue::obey(std::string_view line, bool more_follows, std::string& answers) {
  if (begins_with(line, "BDAT ")) {
    obey_bdat(line.substr(5), answers);
  } else if (begins_with(line, "MAIL FROM:")) {
    begin_transaction();
    has_sender_ = true;
    if (more_follows) add(books_.grouped, 1);
    answers += "250 2.1.0 Ok\r\n";
  } else if (begins_with(line, "RCPT TO:")) {
    if (!has_sender_) {
      answers += "503 5.5.1 MAIL first\r\n";
      return;
    }
    ++recipients_;
    note_recipient(line);
    answers += "250 2.1.5 Ok\r\n";
  } else if (begins_with(line, "DATA")) {
    if (recipients_ == 0) {
      answers += "503 5.5.1 RCPT first\r\n";
      return;
    }
    state_ = State::text;
    at_line_start_ = true;
    chunk_size_ = 0;
    answers += "354 Go ahead\r\n";
  } else if (begins_with(line, "EHLO")) {
    begin_transaction();
    answers += "250-sink.bench\r\n";
    if (options_.pipelining) answers += "250-PIPELINING\r\n";
    if (options_.chunking) answers += "250-CHUNKING\r\n";
    answers += "250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 100000000\r\n";
  } else if (begins_with(line, "HELO")) {
    begin_transaction();
    answers += "250 sink.bench\r\n";
  } else if (begins_with(line, "RSET")) {
    begin_transaction();
    answers += "250 2.0.0 Ok\r\n";
  } else if (begins_with(line, "NOOP")) {
    answers += "250 2.0.0 Ok\r\n";
  } else if (begins_with(line, "XCOUNT")) {
    answers += fmt::format("250 {}\r\n", json::serialize(books_.to_json()));
  } else if (begins_with(line, "QUIT")) {
    answers += "221 2.0.0 Bye\r\n";
    state_ = State::ended;
  } else {
    answers += "502 5.5.1 Not here\r\n";
  }
}

void SmtpDialogue::obey_bdat(std::string_view arguments, std::string& answers) {
  std::size_t size = 0;
  const auto [end, failed] = std::from_chars(arguments.data(), arguments.data() + arguments.size(), size);
  if (failed != std::errc{}) {
    answers += "501 5.5.4 BDAT needs a size\r\n";
    state_ = State::ended;  // where the next command begins is not known
    return;
  }
  state_ = State::chunk;
  chunk_left_ = chunk_size_ = size;
  chunk_is_last_ = begins_with(std::string_view(end, arguments.data() + arguments.size()), " LAST");
  chunk_is_wanted_ = recipients_ > 0;
  if (!chunk_is_wanted_) id_is_read_ = true;
  if (size == 0) skip(0, answers, monotonic_now());
}

void SmtpDialogue::note_recipient(std::string_view line) {
  const auto at = line.rfind('@');
  if (at == std::string_view::npos) return;
  const auto domain = line.substr(at + 1, line.find('>', at) - at - 1);
  for (auto& audience : books_.audiences) {
    if (domain == std::string_view(audience.domain.data())) audience_ = &audience;
  }
}

// False when more of the message has to be there to be read; `is_all` when no more comes.
bool SmtpDialogue::read_id(std::string_view input, bool is_all, std::int64_t now) {
  if (id_is_read_) return true;
  if (!has_begun_) {
    has_begun_ = true;
    if (books_.first_bytes.load(relaxed) == 0) books_.first_bytes = now;
    if (audience_ != nullptr && audience_->first_bytes.load(relaxed) == 0) audience_->first_bytes = now;
  }
  const auto found = find_message_id(input);
  if (!found.is_done && !is_all && input.size() < longest_header) return false;
  id_ = found.hash;
  id_is_read_ = true;
  return true;
}

void SmtpDialogue::skip(std::size_t bytes, std::string& answers, std::int64_t now) {
  chunk_left_ -= bytes;
  if (chunk_is_wanted_) add(books_.bytes, bytes);
  if (chunk_left_ > 0) return;
  state_ = State::command;
  if (!chunk_is_wanted_) {
    answers += "503 5.5.1 RCPT first\r\n";
  } else if (chunk_is_last_) {
    add(books_.chunked, 1);
    accept(answers, now);
  } else {
    answers += "250 2.0.0 Ok\r\n";
  }
}

std::size_t SmtpDialogue::take_text(std::string_view input, std::string& answers, std::int64_t now) {
  constexpr std::string_view last_line = ".\r\n";
  auto dot = at_line_start_ && input[0] == '.' ? std::size_t{0} : find_dot_line(input, 0);
  // A line ".." is text, and so is a dot with more behind it.
  while (dot < input.size() && !last_line.starts_with(input.substr(dot, last_line.size())))
    dot = find_dot_line(input, dot);
  const bool ends_here = dot + last_line.size() <= input.size();
  if (!read_id(input.substr(0, dot), ends_here, now)) return 0;
  add(books_.bytes, dot);
  if (!ends_here) {
    if (dot > 0) at_line_start_ = input[dot - 1] == '\n';
    return dot;
  }
  if (dot + last_line.size() < input.size()) add(books_.overlapped, 1);
  state_ = State::command;
  accept(answers, now);
  return dot + last_line.size();
}

void SmtpDialogue::accept(std::string& answers, std::int64_t now) {
  answers += "250 2.0.0 Ok: thrown away\r\n";
  add(books_.messages, 1);
  if (id_ == 0) {
    add(books_.unnamed, 1);
  } else {
    add(known_.add(id_) ? books_.distinct : books_.duplicates, 1);
  }
  const auto answered =
      now + std::chrono::duration_cast<std::chrono::nanoseconds>(options_.server.reply_delay).count();
  books_.last_accepted.store(answered, relaxed);
  if (audience_ != nullptr) {
    add(audience_->messages, 1);
    audience_->last_accepted.store(answered, relaxed);
  }
  begin_transaction();
}

}  // namespace

SinkServer smtp_sink(const SmtpSinkOptions& options, SinkBooks& books) {
  const auto shared = std::make_shared<std::pair<SmtpSinkOptions, KnownHashes>>(options, KnownHashes());
  return SinkServer(options.server, [shared, &books] {
    return std::make_unique<SmtpDialogue>(shared->first, books, shared->second);
  });
}

}  // namespace crier::bench
