#include "channel/smtp_url.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <boost/url/url_view.hpp>
#include <fmt/core.h>

#include "base/url.hpp"
#include "net/ip_address.hpp"

namespace crier {
namespace {

namespace urls = boost::urls;

Result<void> read_parameter(const std::string& key, const std::string& value, SmtpServer& server) {
  if (key == "starttls" && server.security != SmtpSecurity::implicit) {
    if (value == "required")
      server.security = SmtpSecurity::starttls;
    else if (value == "opportunistic")
      server.security = SmtpSecurity::opportunistic;
    else if (value == "off")
      server.security = SmtpSecurity::off;
    else
      return Error{"relay URL: starttls is required, opportunistic or off"};
    return {};
  }
  if (key == "mode") {
    static constexpr std::array<std::pair<std::string_view, SmtpMode>, 4> modes{
        {{"auto", SmtpMode::automatic},
         {"bdat", SmtpMode::bdat},
         {"overlapped", SmtpMode::overlapped},
         {"lockstep", SmtpMode::lockstep}}};
    const auto* const mode = std::ranges::find(modes, value, [](const auto& each) { return each.first; });
    if (mode == modes.end()) return Error{"relay URL: mode is auto, bdat, overlapped or lockstep"};
    server.mode = mode->second;
    return {};
  }
  if (key == "auth") {
    if (value != "plain" && value != "xoauth2") return Error{"relay URL: auth is plain or xoauth2"};
    server.login.xoauth2 = value == "xoauth2";
    return {};
  }
  return Error{
      fmt::format("relay URL: unknown parameter \"{}\"; known: starttls (smtp:// only), auth, mode", key)};
}

}  // namespace

Result<SmtpServer> parse_smtp_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url || (url->scheme() != "smtp" && url->scheme() != "smtps") || url->host().empty())
    return Error{"relay URL: not of the form smtp://user@host:port or smtps://user@host:port"};
  if (url->has_password()) return Error{"relay URL: a password does not belong in it; give it by a file"};
  if (url->has_fragment() || (!url->encoded_path().empty() && url->encoded_path() != "/"))
    return Error{"relay URL: nothing but parameters (?starttls=…) may follow the port"};
  SmtpServer server;
  const bool implicit = url->scheme() == "smtps";
  server.host = url->host_type() == urls::host_type::ipv6 ? std::string(url->host_address()) : url->host();
  server.port = implicit ? 465 : 25;
  if (url->has_port()) {
    const auto port = parse_port(std::string_view(url->port()));
    if (!port) return Error{"relay URL: the port is not a number from 1 to 65535"};
    server.port = *port;
  }
  const bool loopback = is_loopback_host(server.host);
  server.security = implicit   ? SmtpSecurity::implicit
                    : loopback ? SmtpSecurity::opportunistic
                               : SmtpSecurity::starttls;
  server.login.user = url->user();
  server.login.allow_in_clear = loopback;
  for (const auto& parameter : url->params()) {
    if (const auto read = read_parameter(parameter.key, parameter.value, server); !read) return read.error();
  }
  const bool verified =
      server.security == SmtpSecurity::implicit || server.security == SmtpSecurity::starttls;
  if (!server.login.user.empty() && !verified && !loopback)
    return Error{"relay URL: a login needs starttls=required or smtps:// to a host that is not this one"};
  return server;
}

}  // namespace crier
