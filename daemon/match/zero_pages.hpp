// ZeroPages: zeroed memory for large tables whose places are met in no order. With pages of 4 KB the
// processor would look up nearly every page anew, which takes as long as the memory itself; so large tables
// ask for pages of 2 MB (a wish: without them they work as well, but slower). What was never touched is no
// memory, so that small pages suit a table that may stay nearly empty.
#pragma once

#include <cstddef>

namespace crier {

enum class PageSize { small, large };

class ZeroPages {
 public:
  /// Throws std::bad_alloc.
  explicit ZeroPages(std::size_t bytes, PageSize pages = PageSize::large);
  ~ZeroPages();
  ZeroPages(const ZeroPages&) = delete;
  ZeroPages& operator=(const ZeroPages&) = delete;

  void* data() const { return data_; }

 private:
  std::size_t bytes_;
  void* data_;
};

}  // namespace crier
