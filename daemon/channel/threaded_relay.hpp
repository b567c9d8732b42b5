// ThreadedRelay: a relay that lives on a thread of its own, as the loop sees it: what goes over the wire
// costs the loop nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/io_thread.hpp"
#include "channel/relay.hpp"

namespace crier {

class ThreadedRelay final : public Relay {
 public:
  using Make = std::function<std::unique_ptr<Relay>(const boost::asio::any_io_executor&)>;

  /// `make` is called here and now with the thread's executor. `thread` outlives this.
  ThreadedRelay(IoThread& thread, const Make& make);

  boost::asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) override;
  unsigned handful() const override { return handful_; }
  unsigned concurrency() const override { return concurrency_; }
  unsigned most_concurrency() const override { return most_concurrency_; }
  void wind_up(Duration patience) override;
  boost::asio::awaitable<void> stop() override;

 private:
  boost::asio::awaitable<std::vector<Outcome>> deliver_there(std::span<const MailPieces> messages);
  boost::asio::awaitable<bool> stop_there();

  IoThread& thread_;
  std::unique_ptr<Relay> relay_;
  // As the relay saw it last.
  std::atomic<unsigned> handful_;
  std::atomic<unsigned> concurrency_;
  unsigned most_concurrency_;
};

}  // namespace crier
