// Processes that a benchmark starts beside itself, and memory that it shares with them. They end with it.
#pragma once

#include <filesystem>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/types.h>

#include "base/time.hpp"

namespace crier::bench {

/// A T in memory that is shared with the processes started afterwards.
template <class T>
class Shared {
 public:
  Shared() : memory_(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::runtime_error("mmap failed");
    value_ = new (memory_) T();
  }
  ~Shared() { ::munmap(memory_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  void* memory_;
  T* value_ = nullptr;
};

struct ProcessEnd {
  int status = 0;  ///< as of waitpid
  double cpu_s = 0;
  bool is_good() const { return status == 0; }
};

class Process {
 public:
  /// Runs `work` in a process of its own.
  explicit Process(const std::function<void()>& work);
  /// Runs a program in `folder`; what it prints goes to `output`, a file.
  Process(const std::vector<std::string>& command, const std::filesystem::path& folder,
          const std::filesystem::path& output);
  /// Kills what still runs.
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  pid_t id() const { return id_; }
  void signal(int number) const;
  bool has_ended();
  /// Waits for the end.
  ProcessEnd wait();
  /// Processor time up to now; only while it runs.
  double cpu_s() const;
  double resident_mb() const;

 private:
  pid_t id_ = -1;
  std::optional<ProcessEnd> end_;
};

/// Whether the shell would find it.
bool is_installed(const std::string& program);

/// A line on standard error that the next one replaces; "" ends it.
void show_progress(const std::string& line);

}  // namespace crier::bench
