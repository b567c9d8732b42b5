#include "net/address_guard.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

AddressGuard guard(const AddressRules& rules = {}) {
  return AddressGuard::create(rules).value();
}

bool reaches(const AddressGuard& guard, const std::string& url, const std::string& address) {
  const auto target = guard.check_url(url);
  return target && guard.check_address(*target, parse_ip_address(address).value());
}

}  // namespace

TEST_CASE("no private, local, documentation or multicast address is public") {
  for (const auto* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.7",
                           "203.0.113.9",
                           "224.0.0.1",
                           "239.1.1.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::127.0.0.1",
                           "fc00::1",
                           "fdff::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1",
                           "2001:db8::1"}) {
    CAPTURE(text);
    REQUIRE_FALSE(is_public(parse_ip_address(text).value()));
  }
}

TEST_CASE("addresses next to the refused ranges are public") {
  for (const auto* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
                           "126.255.255.255", "128.0.0.1", "172.15.255.255", "172.32.0.0", "192.0.1.1",
                           "223.255.255.255", "2606:4700::1111", "2001:db9::1", "fbff::1"}) {
    CAPTURE(text);
    REQUIRE(is_public(parse_ip_address(text).value()));
  }
}

TEST_CASE("an IPv4 address inside an IPv6 address is what counts") {
  for (const auto* text :
       {"::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::10.0.0.1", "64:ff9b:1:808:8:800::", "2002:7f00:1::1",
        "2002:c0a8:101::", "2001:0:808:808:0:0:80ff:fffe", "2001:0:7f00:1:0:0:f7f7:f7f7"}) {
    CAPTURE(text);
    REQUIRE_FALSE(is_public(parse_ip_address(text).value()));
  }
  for (const auto* text : {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "2002:808:808::1",
                           "2001:0:808:808:0:0:f7f7:f7f7"}) {
    CAPTURE(text);
    REQUIRE(is_public(parse_ip_address(text).value()));
  }
}

TEST_CASE("only https at the usual port passes without the operator's word") {
  REQUIRE(reaches(guard(), "https://example.org/hook?k=1", "8.8.8.8"));
  REQUIRE(reaches(guard(), "https://EXAMPLE.org", "2606:4700::1111"));
  REQUIRE_FALSE(reaches(guard(), "http://example.org/hook", "8.8.8.8"));
  REQUIRE_FALSE(reaches(guard(), "https://example.org:8443/", "8.8.8.8"));
  REQUIRE_FALSE(reaches(guard(), "https://example.org:22/", "8.8.8.8"));
  REQUIRE_FALSE(reaches(guard(), "https://example.org/", "10.0.0.1"));
  REQUIRE(reaches(guard({.allow_http = true}), "http://example.org/feed", "8.8.8.8"));
  REQUIRE(reaches(guard({.ports = {8443}}), "https://example.org:8443/", "8.8.8.8"));
}

TEST_CASE("URLs that hide something are refused") {
  const auto lenient = guard({.allow_http = true, .allow = {"0.0.0.0/0", "::/0"}});
  for (const auto* url : {"",
                          "example.org",
                          "//example.org/",
                          "ftp://example.org/",
                          "file:///etc/passwd",
                          "https:example.org",
                          "https:///path",
                          "https://user@example.org/",
                          "https://user:pw@example.org/",
                          "https://example.org/#part",
                          "https://example.org:0/",
                          "https://example.org:99999/",
                          "https://example.org:/",
                          "https://2130706433/",
                          "https://0x7f.1/",
                          "https://0x7f000001/",
                          "https://127.1/",
                          "https://0177.0.0.1/",
                          "https://example.0x1/",
                          "https://localhost./",
                          "https://ex%61mple.org/",
                          "https://exa mple.org/",
                          "https://example.org\\@evil.example/",
                          "https://b\xC3\xBC"
                          "cher.example/",
                          "https://[fe80::1%25eth0]/",
                          "https://[v1.a]/",
                          "https://a..b/",
                          "https://example.org/\r\nHost: evil.example"}) {
    CAPTURE(url);
    REQUIRE_FALSE(lenient.check_url(url));
  }
  REQUIRE_FALSE(lenient.check_url("https://example.org/" + std::string(9000, 'a')));
}

TEST_CASE("a name that begins like an address is not taken for it") {
  const auto guard = AddressGuard::create({}).value();
  for (const auto* url :
       {"https://8.8.8.8.internal.example.org/", "https://8.8.8.8x/", "https://127.0.0.1.example.org"}) {
    CAPTURE(url);
    CHECK_FALSE(guard.check_url(url));
  }
  CHECK(guard.check_url("https://8.8.8.8/x").value().literal);
  CHECK(guard.check_url("https://8.8.8.example.org/x").value().host == "8.8.8.example.org");
}

TEST_CASE("a URL's literal address is judged as any other") {
  const auto target = guard().check_url("https://[2001:db8::1]/").value();
  REQUIRE(target.host == "2001:db8::1");
  REQUIRE(target.literal == parse_ip_address("2001:db8::1"));
  REQUIRE(target.origin() == "https://[2001:db8::1]:443");
  REQUIRE_FALSE(guard().check_address(target, *target.literal));
}

TEST_CASE("the operator can allow hosts, addresses and networks at any port") {
  const auto demo = guard({.allow_http = true, .allow = {"127.0.0.1/32", "10.1.0.0/16", "Hooks.Internal"}});
  REQUIRE(reaches(demo, "http://127.0.0.1:8089/", "127.0.0.1"));
  REQUIRE(reaches(demo, "http://127.0.0.1:8089/", "::ffff:127.0.0.1"));
  REQUIRE_FALSE(reaches(demo, "http://127.0.0.2:8089/", "127.0.0.2"));
  REQUIRE(reaches(demo, "https://some.example:9/", "10.1.255.1"));
  REQUIRE_FALSE(reaches(demo, "https://some.example:9/", "10.2.0.1"));
  REQUIRE(reaches(demo, "https://hooks.internal:9/", "192.168.7.7"));
  for (const auto* wrong :
       {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "*.example.org", "a b", "::1/129", "::ffff:1.2.3.4/24"}) {
    CAPTURE(wrong);
    REQUIRE_FALSE(AddressGuard::create({.allow = {wrong}}));
  }
}
