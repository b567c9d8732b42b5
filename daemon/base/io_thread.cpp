#include "base/io_thread.hpp"

#include <pthread.h>

namespace crier {

IoThread::IoThread(const char* name) : work_(context_.get_executor()) {
  thread_ = std::thread([this] { context_.run(); });
  ::pthread_setname_np(thread_.native_handle(), name);
}

IoThread::~IoThread() {
  stop();
}

void IoThread::stop() {
  if (!thread_.joinable()) return;
  context_.stop();
  thread_.join();
}

}  // namespace crier
