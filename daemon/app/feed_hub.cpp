#include "app/feed_hub.hpp"

#include <utility>

#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "net/host_turns.hpp"
#include "net/http_client.hpp"
#include "story/parse.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr std::size_t max_waiting_deliveries = 8;
constexpr std::size_t max_waiting_bytes = 2 * max_story_bytes;
constexpr int most_redirects = 5;
constexpr std::string_view https = "https://";

// Its path and query may hold a token.
std::string host_for_logs(const HubLease& lease) {
  return host_of(lease.hub);
}

bool keeps_method(int redirect) {
  return redirect == 301 || redirect == 302 || redirect == 307 || redirect == 308;
}

}  // namespace

FeedHub::FeedHub(const asio::any_io_executor& loop, Clock& clock, HttpClient& client, HostTurns& turns,
                 Options options)
    : clock_(clock), client_(client), turns_(turns), options_(std::move(options)), called_(loop) {}

void FeedHub::resume(HubLease lease) {
  lease_ = std::move(lease);
  note({lease_.hub, lease_.topic});
}

void FeedHub::note(HubAddress address) {
  const bool is_secure = options_.callback.starts_with(https) && address.hub.starts_with(https);
  if (options_.callback.empty() || !(is_secure || options_.insecure)) address = {};
  if (!address.hub.empty()) address.callback = options_.callback;
  is_changed_ = discover_hub(lease_, address) || is_changed_;
}

std::optional<HubLease> FeedHub::take_change() {
  if (!std::exchange(is_changed_, false)) return std::nullopt;
  return lease_;
}

bool FeedHub::is_active() const {
  return lease_.is_active(clock_.now());
}

std::optional<Time> FeedHub::ask_at() const {
  return ask_hub_at(lease_, clock_.now());
}

asio::awaitable<void> FeedHub::ask(std::string user_agent) {
  // Before the hub is asked: it may want to know at once whether it was meant.
  lease_.asked_at = clock_.now();
  lease_.is_asked = true;
  is_changed_ = true;
  const auto failure = co_await send_question(std::move(user_agent));
  const bool was_failing = std::exchange(said_failing_, !failure.empty());
  if (failure.empty() || was_failing) co_return;
  log::warn("hub.failing", {{"source", options_.source},
                            {"hub", host_for_logs(lease_)},
                            {"what", failure},
                            {"next", "the feed is asked as before; the hub again in an hour"}});
}

// What went wrong; empty when the hub has taken the question, which redirects do not change (WebSub §5.1).
asio::awaitable<std::string> FeedHub::send_question(std::string user_agent) {
  HttpRequest request;
  request.method = "POST";
  request.url = lease_.hub;
  request.headers = {{"User-Agent", std::move(user_agent)},
                     {"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = subscription_form(lease_);
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    const auto turn = co_await turns_.take(host_of(request.url));
    const auto response = co_await client_.send(request);
    if (!response) co_return response.error().message;
    if (response->status >= 200 && response->status <= 299) co_return std::string();
    const auto location = std::string(response->header("location").value_or(""));
    if (!keeps_method(response->status) || location.empty())
      co_return fmt::format("http-{}", response->status);
    const auto next = resolve_url(location, request.url);
    // What is asked holds a secret.
    if (!next || (request.url.starts_with(https) && !next->starts_with(https)))
      co_return std::string("redirected to an address that is none or not https");
    request.url = *next;
  }
  co_return fmt::format("more than {} redirects", most_redirects);
}

std::optional<HubDelivery> FeedHub::take_delivery() {
  if (deliveries_.empty()) return std::nullopt;
  auto delivery = std::move(deliveries_.front());
  deliveries_.pop_front();
  return delivery;
}

bool FeedHub::has_token(std::string_view token) const {
  return !lease_.token.empty() && constant_time_equal(lease_.token, token);
}

bool FeedHub::answer(const HubIntent& intent) {
  const bool is_granted = confirm_intent(lease_, intent, clock_.now());
  const bool is_denied = !is_granted && take_denial(lease_, intent);
  if (is_granted)
    log::info("hub.subscribed", {{"source", options_.source},
                                 {"hub", host_for_logs(lease_)},
                                 {"until", to_rfc3339(*lease_.expires_at)}});
  if (is_denied) log::warn("hub.denied", {{"source", options_.source}, {"hub", host_for_logs(lease_)}});
  is_changed_ = is_changed_ || is_granted || is_denied;
  called_.ring();
  return is_granted || is_denied;
}

void FeedHub::take(std::string_view signature, std::string_view content_type, std::string body) {
  if (!is_signed(signature, lease_.secret, body)) {
    log::warn("hub.unsigned", {{"source", options_.source}, {"next", "the delivery is dropped"}});
    return;
  }
  // More than that is what the next poll brings.
  auto bytes = body.size();
  for (const auto& each : deliveries_) bytes += each.body.size();
  while (!deliveries_.empty() &&
         (deliveries_.size() == max_waiting_deliveries || bytes > max_waiting_bytes)) {
    bytes -= deliveries_.front().body.size();
    deliveries_.pop_front();
  }
  deliveries_.push_back({std::string(content_type), std::move(body)});
  called_.ring();
}

}  // namespace crier
