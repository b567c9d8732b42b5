// Any bytes as a template and a partial of it: refused with a place, or loaded and rendered without a story's
// text turning into markup. What passes our check must pass Mustache's parser (from_files throws otherwise).
#include <cstdint>
#include <cstdlib>
#include <string>

#include "render/template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto split = bytes.find('\f');  // the template, then its partial
  const auto text = bytes.substr(0, split);
  const auto partial = split == std::string::npos ? std::string() : bytes.substr(split + 1);
  const crier::TemplateFiles files{{"alert.html.mustache", text}, {"alert.txt.mustache", text},
                                   {"digest.html.mustache", ""},  {"digest.txt.mustache", ""},
                                   {"_p.html.mustache", partial}, {"_p.txt.mustache", partial}};
  crier::Diagnostics diagnostics;
  const auto set = crier::TemplateSet::from_files(files, "t", diagnostics);
  if ((set == nullptr) == diagnostics.empty()) std::abort();
  if (!set) {
    for (const auto& diagnostic : diagnostics.list())
      if (diagnostic.place.line < 1 || diagnostic.message.empty()) std::abort();
    return 0;
  }
  crier::Content content;
  content.subject = "<hostile>{{subject}}";
  content.items = {{.title = "<hostile>", .paragraphs = {{"<hostile>", true}, {"{{>p}}"}}}, {}};
  const auto html = set->render(crier::TemplateFormat::html, content, {.reason = "<hostile>"});
  if (bytes.find("<hostile>") == std::string::npos && html.find("<hostile>") != std::string::npos)
    std::abort();
  set->render(crier::TemplateFormat::text, content, {});
  return 0;
}
