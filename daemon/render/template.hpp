// TemplateSet: the four templates of a mail, checked and parsed once, immutable afterwards.
// Loaded at start and reload (blocking), used by the workers through a shared snapshot, from many threads at
// once. A set with a mistake is not loaded at all: the one in use goes on, and the diagnostics say what to
// repair.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/diagnostic.hpp"
#include "render/content.hpp"
#include "render/template_source.hpp"

namespace crier {

enum class TemplateFormat { html, text };

class TemplateSet {
 public:
  /// Reads the folder: alert.html.mustache, alert.txt.mustache, digest.html.mustache, digest.txt.mustache and
  /// partials named _NAME.html.mustache or _NAME.txt.mustache, 256 KB each. Files that do not end in
  /// .mustache are left alone. nullptr after adding to `diagnostics` what is wrong with any of them.
  static std::shared_ptr<const TemplateSet> load(const std::filesystem::path& folder,
                                                 Diagnostics& diagnostics);

  /// The same from memory; `folder` stands before the file names in `diagnostics`.
  static std::shared_ptr<const TemplateSet> from_files(const TemplateFiles& files, const std::string& folder,
                                                       Diagnostics& diagnostics);

  ~TemplateSet();
  TemplateSet(const TemplateSet&) = delete;
  TemplateSet& operator=(const TemplateSet&) = delete;

  /// HTML values are escaped and links are web_link()s or mailto:; text is neither escaped nor wrapped. A
  /// slot (slots.hpp) stands where the reader's name or unsubscribe link belongs.
  std::string render(TemplateFormat format, const Content& content, const FormReader& reader) const;

 private:
  struct Parsed;
  explicit TemplateSet(std::unique_ptr<Parsed> parsed);

  std::unique_ptr<Parsed> parsed_;
};

}  // namespace crier
