// How often a feed asks to be read.
#include "story/feed_hints.hpp"

#include "support/feed_sample.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

FeedHints hints_of(const std::string& inside) {
  return parse_feed(rss(inside)).hints;
}

}  // namespace

TEST_CASE("RSS says its pace in minutes, hours and days") {
  const auto hints = hints_of(
      "<ttl> 90 </ttl><skipHours><hour>0</hour><hour>23</hour><hour>24</hour></skipHours>"
      "<skipDays><day>Sunday</day><day>saturday</day></skipDays><item><title>x</title></item>");
  CHECK(hints.ttl == 90min);
  CHECK(hints.skipped_hours == (1U | 1U << 23));
  CHECK(hints.skipped_days == (1U | 1U << 6));
}

TEST_CASE("the Syndication module says it as times in a period") {
  const std::string open =
      "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\""
      " xmlns:s=\"http://purl.org/rss/1.0/modules/syndication/\"><channel>";
  const std::string close = "</channel><item><title>x</title></item></rdf:RDF>";
  const auto read = [&](const std::string& inside) { return parse_feed(open + inside + close).hints.ttl; };
  CHECK(read("<s:updatePeriod>hourly</s:updatePeriod><s:updateFrequency>4</s:updateFrequency>") == 15min);
  CHECK(read("<s:updatePeriod>daily</s:updatePeriod>") == 24h);
  CHECK_FALSE(read("<s:updateFrequency>4</s:updateFrequency>"));
}

TEST_CASE("nonsense about the pace is as if it were not there") {
  CHECK(
      hints_of(
          "<ttl>-5</ttl><ttl>soon</ttl><ttl>99999999999999999999</ttl><ttl>0</ttl><skipHours><hour>25</hour>"
          "<hour>x</hour></skipHours><skipDays><day>Doomsday</day></skipDays>"
          "<sy:updatePeriod>often</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>"
          "<item><title>x</title></item>") == FeedHints{});
}

TEST_CASE("what an item says about minutes is not the feed's pace") {
  CHECK(hints_of("<item><title>x</title><ttl>5</ttl><hour>3</hour></item>") == FeedHints{});
}
