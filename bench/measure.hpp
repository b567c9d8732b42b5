// What the benchmarks measure with: time, memory, and folders and processes of their own.
#pragma once

#include <filesystem>
#include <functional>

#include <boost/json/object.hpp>

namespace crier::bench {

double seconds_of(const std::function<void()>& work);

/// Runs `work` in a process of its own, so that its peak of memory is its own, and adds that to what it
/// found. Throws when the process does not end well.
boost::json::object measure_apart(const std::function<boost::json::object()>& work);

/// A folder in the working directory, so that what is written reaches a real disk; removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace crier::bench
