#include "base/io_thread.hpp"

#include <pthread.h>
#include <sys/resource.h>

namespace crier {

IoThread::IoThread(const char* name, int niceness) : work_(context_.get_executor()) {
  thread_ = std::thread([this, niceness] {
    if (niceness > 0) ::setpriority(PRIO_PROCESS, 0, niceness);  // without it all is well, too
    context_.run();
  });
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
