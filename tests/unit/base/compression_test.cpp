#include "base/compression.hpp"

#include <catch2/catch.hpp>

using namespace crier;

TEST_CASE("what is compressed comes back as it was, and text gets smaller") {
  std::string all_bytes;
  for (int c = 0; c < 256; ++c) all_bytes += static_cast<char>(c);
  std::string long_text;
  for (int i = 0; i < 10'000; ++i) long_text += "The harbour reopens. ";
  for (const auto& text : {std::string(), std::string("x"), all_bytes, long_text}) {
    const auto packed = compress(text);
    CHECK(decompress(packed, text.size()).value() == text);
    if (!text.empty()) CHECK_FALSE(decompress(packed, text.size() - 1));
  }
  CHECK(compress(long_text).size() < long_text.size() / 20);
}

TEST_CASE("what was not compressed here is refused") {
  const auto packed = compress("The harbour reopens on Monday, and the ferries run again.");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decompress(packed.substr(0, size), 1000));
  }
  for (std::size_t i = 0; i < packed.size(); ++i) {
    auto damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    CAPTURE(i);
    CHECK_FALSE(decompress(damaged, 1000));
  }
  CHECK_FALSE(decompress("plain text", 1000));
  CHECK_FALSE(decompress("\xff\xff\xff\xff", std::size_t{1} << 20));
}
