// WorkerGate: takes the only worker of a pool until the test opens it, so that jobs gather behind it.
#pragma once

#include <future>

#include <boost/asio/awaitable.hpp>

#include "base/workers.hpp"

namespace crier::test {

class WorkerGate {
 public:
  boost::asio::awaitable<void> hold(Workers& pool) {
    co_await pool.run([this] {
      closed_.set_value();
      opened_.get_future().wait();
    });
  }
  void wait_until_closed() { closed_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> closed_;
  std::promise<void> opened_;
};

}  // namespace crier::test
