#include "base/memory.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace crier {

void keep_little_memory() {
#ifdef __GLIBC__
  // Without these the thresholds grow with the largest piece that was ever freed, see mallopt(3).
  constexpr int megabyte = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, megabyte);
  ::mallopt(M_TRIM_THRESHOLD, megabyte);
#endif
}

void return_freed_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

#ifdef __linux__
namespace {

// Whether the dynamic linker writes in what is read-only afterwards.
bool has_text_relocations(const dl_phdr_info& object) {
  for (const auto& segment : std::span(object.dlpi_phdr, object.dlpi_phnum)) {
    if (segment.p_type != PT_DYNAMIC) continue;
    for (auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + segment.p_vaddr);
         entry->d_tag != DT_NULL; ++entry)
      if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0))
        return true;
  }
  return false;
}

int return_pages_of(dl_phdr_info* object, std::size_t, void*) {
  if (std::string_view(object->dlpi_name).starts_with("linux-vdso")) return 0;  // is no file
  if (has_text_relocations(*object)) return 0;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (const auto& segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const auto first = object->dlpi_addr + segment.p_vaddr;
    // A page that it shares with another segment may have been written.
    const auto begin = (first + page - 1) / page * page;
    const auto end = (first + segment.p_filesz) / page * page;
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace
#endif

void return_program_pages() {
#ifdef __linux__
  ::dl_iterate_phdr(&return_pages_of, nullptr);  // no library is loaded meanwhile
#endif
}

}  // namespace crier
