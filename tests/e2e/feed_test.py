"""Feeds as the daemon polls them: what is new is mailed once, whatever their servers do."""

import hashlib
import hmac
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

import support
from feed_server import FeedServer, redirect, refuse, rss


def call(url, body=None, **headers):
    """The status and body of an answer."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=support.PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


class FeedTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.server = self.use(FeedServer())

    def configure(self, **feeds):
        """Feeds of the test's server, asked each second."""
        sources = {
            name: {"feed": self.server.url + "/" + name, "every": "1s", "allow": ["127.0.0.1"]} | keys
            for name, keys in feeds.items()
        }
        self.newsroom.configure(support.config(sources=sources, http={"operator": {"listen": "127.0.0.1:0"}}))

    def publish(self, name, *titles):
        self.server.pages["/" + name] = rss(*titles)

    def subjects(self):
        """Of the mails to one of the two readers."""
        return sorted(mail["Subject"] for mail in self.newsroom.maildir() if "amara" in mail["To"])

    def wait_for_mails(self, *titles):
        support.eventually(lambda: self.subjects() == sorted(titles), f"mails about {titles}")

    def metrics(self, daemon):
        port = daemon.wait_until_ready().fields["operator_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=support.PATIENCE) as answer:
            return answer.read().decode()

    def test_what_is_there_already_is_noted_and_what_comes_is_mailed_once(self):
        self.publish("wire", "Harbour two", "Harbour one")
        self.configure(wire={})
        daemon = self.serve()
        daemon.wait_for("feed.first_read", source="wire", stories=2)
        asked = self.server.wait_for("/wire", 304)
        self.assertTrue(asked.headers["If-None-Match"].startswith('W/"'))
        self.assertIn("https://courier.example.org", asked.headers["User-Agent"])
        self.assertEqual(self.subjects(), [])

        self.publish("wire", "Harbour four", "Harbour three", "Harbour two", "Harbour one")
        self.wait_for_mails("Harbour three", "Harbour four")
        self.server.wait_for("/wire", 304)
        daemon.stop()

        # After a restart it knows what it has seen, and asks as before.
        daemon = self.serve()
        self.server.wait_for("/wire", 304)
        self.publish("wire", "Harbour five", "Harbour four", "Harbour three")
        self.wait_for_mails("Harbour three", "Harbour four", "Harbour five")
        self.server.wait_for("/wire", 304)
        self.assertEqual(len(daemon.events("feed.first_read")), 0)
        self.assertIn('crier_feed_up{source="wire"} 1', self.metrics(daemon))
        self.assertRegex(self.metrics(daemon), r'crier_feed_fetches_total{result="fresh",source="wire"} 1')
        self.assertEqual(self.totals()["queued"], 0)
        daemon.stop()

    def test_a_crash_in_the_first_fetch_mails_no_backlog(self):
        self.publish("wire", "Harbour one")
        self.configure(wire={})
        daemon = self.serve()
        daemon.wait_for("story.noticed")
        daemon.kill()
        # As if it had been killed before it could remember that the backlog was noted.
        with sqlite3.connect(self.newsroom.state / "crier.db") as database:
            database.execute("DELETE FROM feed")
        database.close()
        self.publish("wire", "Harbour two", "Harbour one")
        daemon = self.serve()
        daemon.wait_for("feed.first_read", stories=2)
        self.publish("wire", "Harbour three", "Harbour two", "Harbour one")
        self.wait_for_mails("Harbour three")
        daemon.stop()

    def test_a_backlog_can_be_asked_for(self):
        self.publish("wire", "Harbour two", "Harbour one")
        self.configure(wire={"backlog": "send"})
        daemon = self.serve()
        self.wait_for_mails("Harbour one", "Harbour two")
        daemon.stop()

    def test_a_feed_that_has_moved_is_asked_at_its_new_place_after_a_restart_too(self):
        self.server.pages["/wire"] = redirect(301, "/new")
        self.publish("new", "Harbour one")
        self.configure(wire={})
        daemon = self.serve()
        moved = daemon.wait_for("feed.moved", source="wire")
        self.assertTrue(moved.fields["to"].endswith("/new"))
        asked = len(self.server.requests("/wire"))
        self.assertEqual(asked, 5)
        self.server.wait_for("/new", 304)
        daemon.stop()
        daemon = self.serve()
        self.publish("new", "Harbour two", "Harbour one")
        self.wait_for_mails("Harbour two")
        self.assertEqual(len(self.server.requests("/wire")), asked)
        daemon.stop()

    def test_a_redirect_for_now_is_followed_and_not_remembered(self):
        self.server.pages["/wire"] = redirect(302, "/new")
        self.publish("new", "Harbour one")
        self.configure(wire={})
        daemon = self.serve()
        self.server.wait_for("/new", 304, more=5)
        self.server.wait_for("/wire")
        self.assertEqual(len(daemon.events("feed.moved")), 0)
        daemon.stop()

    def test_a_feed_that_is_gone_is_left_alone_and_others_go_on(self):
        self.server.pages["/old"] = refuse(410)
        self.publish("wire", "Harbour one")
        self.configure(old={}, wire={})
        daemon = self.serve()
        ended = daemon.wait_for("feed.ended", source="old")
        self.assertEqual(ended.level, "error")
        self.assertIn("/old", ended.fields["url"])
        self.server.wait_for("/wire", 304, more=2)
        daemon.stop()
        self.publish("old", "Harbour of old")
        daemon = self.serve()
        daemon.wait_for("feed.ended", source="old")
        self.publish("wire", "Harbour two")
        self.wait_for_mails("Harbour two")
        self.assertEqual(len(self.server.requests("/old")), 1)
        self.assertIn('crier_feed_up{source="old"} 0', self.metrics(daemon))
        daemon.stop()

    def test_a_failure_is_said_when_it_begins_and_when_it_ends(self):
        self.publish("wire", "Harbour one")
        self.publish("other", "Ferry one")
        self.configure(wire={}, other={})
        daemon = self.serve()
        daemon.wait_for("feed.first_read", count=2)
        self.server.pages["/wire"] = "This is fine."
        self.server.wait_for("/wire", 200)
        self.server.pages["/wire"] = refuse(503, Retry_After="1")
        self.server.wait_for("/wire", 503, more=2)
        failing = daemon.wait_for("feed.failing", source="wire")
        self.assertIn("this is no feed", failing.fields["what"])
        self.publish("other", "Harbour of others")
        self.wait_for_mails("Harbour of others")
        self.assertIn('crier_feed_up{source="wire"} 0', self.metrics(daemon))

        # Broken XML, in which one story can still be read.
        self.server.pages["/wire"] = "<rss version='2.0'><channel><item><title>A harbour & more</title></item><item"
        daemon.wait_for("feed.recovered", source="wire")
        daemon.wait_for("feed.doubtful", source="wire")
        self.wait_for_mails("Harbour of others", "A harbour & more")
        self.assertEqual(len(daemon.events("feed.failing")), 1)
        daemon.stop()

    def test_sources_are_listed_with_how_they_are(self):
        self.server.pages["/old"] = refuse(410)
        self.server.pages["/broken"] = refuse(500)
        self.publish("wire", "Harbour one")
        self.configure(wire={}, old={}, broken={}, quiet={"expect": "1s", "every": "1h"})
        self.server.pages["/quiet"] = rss()
        listed = self.newsroom.run_json("sources")
        self.assertEqual([each["name"] for each in listed], ["wire", "old", "broken", "quiet"])
        self.assertEqual({each["state"] for each in listed}, {"new"})
        daemon = self.serve()
        daemon.wait_for("feed.first_read", source="wire")
        daemon.wait_for("feed.ended", source="old")
        daemon.wait_for("feed.failing", source="broken")
        daemon.wait_for("source.silent", source="quiet")
        self.server.wait_for("/wire", 304)
        by_name = {each["name"]: each for each in self.newsroom.run_json("sources")}
        self.assertEqual(by_name["wire"]["state"], "good")
        self.assertEqual(by_name["wire"]["url"], self.server.url + "/wire")
        for key in ("last_fetch", "next_fetch", "last_story"):
            self.assertRegex(by_name["wire"][key], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual((by_name["old"]["state"], by_name["old"]["failure"]), ("ended", "answered 410, gone"))
        self.assertNotIn("next_fetch", by_name["old"])
        self.assertEqual((by_name["broken"]["state"], by_name["broken"]["failure"]), ("failing", "answered 500"))
        self.assertTrue(by_name["quiet"]["silent"])
        self.assertIn("answered 500", self.newsroom.run("sources"))
        daemon.stop()

    def test_a_list_of_a_feed_reader_becomes_configuration(self):
        opml = self.newsroom.write(
            "list.opml",
            f"<opml version='2.0'><body><outline text='The Wire' xmlUrl='{self.server.url}/wire'/></body></opml>",
        )
        yaml = self.newsroom.run("sources", "--import", opml)
        self.assertEqual(yaml, f'sources:\n  the-wire: {{feed: "{self.server.url}/wire"}}\n')
        self.newsroom.run("sources", "--import", self.newsroom.write("no.opml", "<rss/>"), code=65)
        self.newsroom.run("sources", "--import", "absent.opml", code=66)

    def test_a_source_that_is_silent_too_long_is_named(self):
        self.publish("wire", "Harbour one")
        self.configure(wire={"expect": "4s"})
        daemon = self.serve()
        silent = daemon.wait_for("source.silent", source="wire")
        self.assertEqual(silent.level, "warn")
        self.assertIn('crier_source_silent{source="wire"} 1', self.metrics(daemon))
        self.publish("wire", "Harbour two", "Harbour one")
        daemon.wait_for("source.heard", source="wire")
        self.wait_for_mails("Harbour two")
        daemon.stop()

    def test_a_hub_is_asked_and_what_it_sends_is_mailed(self):
        port = support.free_port()
        links = {"hub": self.server.url + "/hub", "self": self.server.url + "/wire"}
        self.server.pages["/wire"] = rss("Harbour one", links=links)
        source = {"feed": self.server.url + "/wire", "allow": ["127.0.0.1"], "every": "24h", "websub": True}
        config = support.config(sources={"wire": source}, http={"public": {"listen": f"127.0.0.1:{port}"}})
        config["public_url"] = f"http://127.0.0.1:{port}"
        self.newsroom.configure(config)
        daemon = self.serve()
        asked = self.server.wait_for_posts("/hub", 1)[0]
        self.assertEqual((asked["hub.mode"], asked["hub.topic"]), ("subscribe", self.server.url + "/wire"))
        callback, secret = asked["hub.callback"], asked["hub.secret"]
        self.assertTrue(callback.startswith(config["public_url"] + "/websub/"), callback)

        def intent(topic):
            query = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": "a1", "hub.lease_seconds": "3600"}
            return call(callback + "?" + urllib.parse.urlencode(query))

        def deliver(*titles, key=secret):
            body = rss(*titles, links=links).encode()
            signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
            headers = {"X_Hub_Signature": "sha256=" + signature, "Content_Type": "application/rss+xml"}
            return call(callback, body, **headers)[0]

        self.assertEqual(intent("https://example.org/other")[0], 404)
        self.assertEqual(intent(asked["hub.topic"]), (200, "a1"))
        daemon.wait_for("hub.subscribed", source="wire")
        self.assertEqual(intent(asked["hub.topic"])[0], 404, "it was confirmed, and not asked again")
        self.assertEqual(deliver("Harbour of forgers", key="guessed"), 202)
        daemon.wait_for("hub.unsigned", source="wire")
        self.assertEqual(deliver("Harbour two", "Harbour one"), 202)
        self.wait_for_mails("Harbour two")
        daemon.stop()

        daemon = self.serve()
        support.eventually(lambda: deliver("Harbour three") == 202, "the callback is known again")
        self.wait_for_mails("Harbour two", "Harbour three")
        self.assertEqual(len(self.server.wait_for_posts("/hub", 1)), 1)
        self.assertEqual(len(self.server.requests("/wire")), 1)
        self.assertNotIn(secret, daemon.log)
        daemon.stop()


if __name__ == "__main__":
    support.main()
