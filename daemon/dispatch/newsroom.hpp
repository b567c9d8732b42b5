// Newsroom: the part of the configuration both belts work with, as one immutable snapshot. Swapped whole on
// reload; work under way keeps the one it started with.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audience/subscriber_book.hpp"
#include "base/time.hpp"
#include "schedule/edition.hpp"

namespace crier {

class TemplateSet;

struct SiteIdentity {
  std::string name;
  std::string url;
  std::string address;      ///< postal, at the foot of mails
  std::string language;     ///< of the site's own sentences and of stories that name none
  Zone zone = Zone::utc();  ///< for subscribers and stories without one
};

struct Newsroom {
  SiteIdentity site;
  std::string
      public_url;  ///< where share and unsubscribe links lead, without a slash at the end; may be empty
  std::vector<std::string> own_hosts;  ///< whose links may be tagged (UTM); in lower case
  std::shared_ptr<const TemplateSet> templates;
  std::vector<Edition> editions;
  std::shared_ptr<const SubscriberBook> book;     ///< never null
  Duration alert_expiry = std::chrono::hours(4);  ///< an alert that could not be sent until then never is
  std::string late_edition;  ///< it goes into this one for readers who get no edition; may be empty
  Duration digest_expiry = std::chrono::hours(24);
  Duration webhook_expiry = std::chrono::hours(76);  ///< the whole retry schedule of Standard Webhooks
  /// How long a story of another source is compared with; nullopt = not at all.
  std::optional<Duration> repeats_within = std::chrono::hours(48);
  Duration catch_up = std::chrono::hours(4);  ///< a digest missed by more than this waits for the next

  const Edition* find_edition(std::string_view name) const;
  /// The subscriber's own, else the site's.
  Zone zone_of(const Subscriber& subscriber) const;
  /// How long after it is due a message may still be sent.
  Duration expiry(ChannelKind channel, bool is_digest) const;
};

}  // namespace crier
