// Any texts, one on each line: they come out of a code that was learnt from half of them as they went in.
#include <cstdlib>

#include "base/text_code.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace crier;
  std::vector<std::string> texts(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n')
      texts.emplace_back();
    else
      texts.back() += static_cast<char>(data[i]);
  }
  const auto code = TextCode::learn(std::span(texts).first(texts.size() / 2));
  for (const auto& text : texts) {
    std::string encoded;
    code.encode(text, encoded);
    if (encoded.size() > 2 * text.size() || code.decode(encoded) != text) std::abort();
  }
  return 0;
}
