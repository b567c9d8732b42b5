"""Feeds on the web: polled with conditions, never their backlog, moved, gone, broken and hostile ones."""

import collections
import email.utils
import gzip
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import support

Asked = collections.namedtuple("Asked", "path headers")


def rss(*titles, links=None):
    head = "".join(f"<atom:link rel='{rel}' href='{href}'/>" for rel, href in (links or {}).items())
    items = "".join(
        f"<item><guid>https://wire.example.org/{i}</guid><link>https://wire.example.org/{i}</link>"
        f"<title>{title}</title><description>All about it.</description></item>"
        for i, title in reversed(list(enumerate(titles)))
    )
    return f'<rss version="2.0"><channel><title>The Sample Wire</title>{head}{items}</channel></rss>'.encode()


class FeedServer:
    """`answer(asked)` returns status, headers and body."""

    def __init__(self, answer, address="127.0.0.1"):
        self.answer = answer
        self.address = address
        self.asked = []
        self.posted = []
        self._changed = threading.Condition()

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked = Asked(self.path, self.headers)
                with outer._changed:
                    outer.asked.append(asked)
                    outer._changed.notify_all()
                status, headers, body = outer.answer(asked)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                with outer._changed:
                    outer.posted.append({name: value for name, (value,) in form.items()})
                    outer._changed.notify_all()
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((self.address, 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a client that hangs up is no news here
        self.url = f"http://{self.address}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def wait_for_form(self):
        """The first form that was posted."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.posted, support.PATIENCE):
                raise AssertionError("nothing was posted")
            return self.posted[0]

    def wait_for(self, count):
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.asked) >= count, support.PATIENCE):
                raise AssertionError(f"{len(self.asked)} of {count} requests")


def call(url, body=None, **headers):
    """The status and body of an answer."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=support.PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


class HubTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.titles = ["Old harbour news"]
        self.server = self.use(FeedServer(lambda asked: (200, {}, rss(*self.titles, links=self.links))))
        self.links = {"hub": self.server.url + "/hub", "self": self.server.url + "/feed"}
        public = f"127.0.0.1:{support.free_port()}"
        feed = {"feed": self.server.url + "/feed", "every": "24h", "allow": ["127.0.0.1"], "websub": True}
        config = support.config(sources={"wire": feed}, http={"public": {"listen": public}})
        self.newsroom.configure(config | {"public_url": f"http://{public}"})
        self.public = f"http://{public}"

    def intent(self, asked, **changes):
        query = {"mode": "subscribe", "topic": asked["hub.topic"], "challenge": "a1", "lease_seconds": "3600"} | changes
        return call(asked["hub.callback"] + "?" + urllib.parse.urlencode({"hub." + k: v for k, v in query.items()}))

    def deliver(self, asked, *titles, key=None, more=b""):
        body = (rss(*titles) if titles else b"This is fine.") + more
        signature = hmac.new((key or asked["hub.secret"]).encode(), body, hashlib.sha256).hexdigest()
        headers = {"X_Hub_Signature": "sha256=" + signature, "Content_Type": "application/rss+xml"}
        return call(asked["hub.callback"], body, **headers)[0]

    def subjects(self):
        return sorted({mail["Subject"] for mail in self.newsroom.maildir()})

    def test_a_hub_is_asked_and_what_it_signs_is_sent(self):
        daemon = self.serve()
        asked = self.server.wait_for_form()
        self.assertEqual((asked["hub.mode"], asked["hub.topic"]), ("subscribe", self.links["self"]))
        self.assertTrue(asked["hub.callback"].startswith(self.public + "/websub/"))
        self.assertGreaterEqual(len(asked["hub.callback"].rsplit("/", 1)[1]), 32)
        self.assertEqual(self.intent(asked, topic="https://example.org/other")[0], 404)
        self.assertEqual(self.intent(asked, mode="unsubscribe")[0], 404)
        self.assertEqual(self.intent(asked), (200, "a1"))
        daemon.wait_for("hub.subscribed", source="wire")
        support.eventually(lambda: "its hub sends until 20" in self.newsroom.run("sources"), "the lease is listed")
        self.assertEqual(self.intent(asked)[0], 404, "it was confirmed, and not asked again")

        self.assertEqual(self.deliver(asked, "Old harbour news", "Harbour of forgers", key="guessed"), 202)
        daemon.wait_for("hub.unsigned", source="wire")
        self.assertEqual(call(self.public + "/websub/" + "0" * 48, b"x")[0], 404)
        self.assertEqual(self.deliver(asked), 202)
        daemon.wait_for("hub.unreadable", source="wire")
        large = b"<!-- " + b"x" * 2_000_000 + b" -->"
        self.assertEqual(call(self.public + "/websub/" + "0" * 48, large)[0], 413)
        self.assertEqual(self.deliver(asked, "Old harbour news", "The harbour reopens", more=large), 202)
        daemon.wait_for("delivery.sent", count=2)
        daemon.stop()

        daemon = self.serve()
        more = ("Old harbour news", "The harbour reopens", "More of the harbour")
        support.eventually(lambda: self.deliver(asked, *more) == 202, "the callback is known again")
        daemon.wait_for("delivery.sent", count=2)
        self.assertEqual(self.subjects(), ["More of the harbour", "The harbour reopens"])
        self.assertEqual((len(self.server.posted), len(self.server.asked)), (1, 1), "the lease is known again")
        self.assertNotIn(asked["hub.secret"], daemon.log)

    def test_a_hub_that_refuses_costs_nothing_but_itself(self):
        daemon = self.serve()
        asked = self.server.wait_for_form()
        self.assertEqual(self.intent(asked, mode="denied")[0], 200)
        daemon.wait_for("hub.denied", source="wire")


class ManyFeedsTest(support.NewsroomTest):
    HOSTS, FEEDS = 50, 6  # of each

    def setUp(self):
        super().setUp()
        self.news = {}
        servers = [self.use(FeedServer(self.answer, f"127.0.1.{host + 1}")) for host in range(self.HOSTS)]
        self.feeds = {f"wire-{host}-{feed}": f"{server.url}/{host}/{feed}"
                      for host, server in enumerate(servers) for feed in range(self.FEEDS)}
        self.listen = f"127.0.0.1:{support.free_port()}"
        sources = {name: {"feed": url, "every": "5s", "allow": ["127.0.0.0/8"]} for name, url in self.feeds.items()}
        desk = support.config()["sources"]
        self.newsroom.configure(
            support.config(sources=desk | sources, http={"operator": {"listen": self.listen}}))

    def answer(self, asked):
        old = [f"Old news number {i} of {asked.path}" for i in range(5)]
        return 200, {"Content-Type": "application/rss+xml"}, rss(*old, *self.news.get(asked.path, []))

    def test_hundreds_of_feeds_are_read_while_stories_leave_and_doors_answer(self):
        daemon = self.serve()
        self.newsroom.drop("h1.json", json.dumps({"id": "h1", "title": "The harbour reopens", "body_text": "It does."}))
        daemon.wait_for("delivery.sent", count=2)
        for host in range(self.HOSTS):
            self.assertEqual(call(f"http://{self.listen}/livez")[0], 200)
            self.news[f"/{host}/0"] = [f"News of harbour {host}"]
            daemon.wait_for("source.begun", source=f"wire-{host}-{self.FEEDS - 1}")
        daemon.wait_for("source.begun", count=len(self.feeds))
        self.news["/7/3"] = ["The seventh harbour burns"]
        daemon.wait_for("story.noticed", title="The seventh harbour burns")
        self.assertEqual(call(f"http://{self.listen}/livez")[0], 200)
        self.newsroom.run("ledger")  # balances


class FeedTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.titles = ["Old harbour news"]
        self.server = self.use(FeedServer(lambda asked: self.reply(asked)))
        self.reply = self.conditional

    def conditional(self, asked):
        etag = f'W/"{len(self.titles)}"'
        if asked.headers["If-None-Match"] == etag:
            return 304, {"ETag": etag}, b""
        return 200, {"ETag": etag, "Content-Type": "application/rss+xml"}, rss(*self.titles)

    def configure(self, path="/feed", **fields):
        feed = {"feed": self.server.url + path, "every": "1s", "allow": ["127.0.0.1"]} | fields
        self.newsroom.configure(
            support.config(sources={"wire": feed}, http={"operator": {"listen": "127.0.0.1:0"}}))

    def poll_again(self):
        """Waits until what the server says now has been read."""
        self.server.wait_for(len(self.server.asked) + 2)

    def subjects(self):
        return sorted(mail["Subject"] for mail in self.newsroom.maildir())

    def test_what_is_there_at_first_is_noted_and_what_comes_later_is_sent_once(self):
        self.configure()
        daemon = self.serve()
        begun = daemon.wait_for("source.begun", source="wire")
        self.assertEqual(begun.fields["stories"], "1")
        self.titles.append("The harbour reopens")
        daemon.wait_for("delivery.sent", count=2)
        self.poll_again()
        self.assertEqual(self.server.asked[-1].headers["If-None-Match"], 'W/"2"')
        self.assertIn("gzip", self.server.asked[-1].headers["Accept-Encoding"])
        self.assertIn("(+https://courier.example.org)", self.server.asked[-1].headers["User-Agent"])
        daemon.stop()
        asked = len(self.server.asked)
        daemon = self.serve()
        self.server.wait_for(asked + 1)
        self.assertEqual(self.server.asked[asked].headers["If-None-Match"], 'W/"2"', "known after a restart, too")
        self.titles.append("More of the harbour")
        daemon.wait_for("delivery.sent", count=2)
        self.assertEqual(self.subjects(), ["More of the harbour"] * 2 + ["The harbour reopens"] * 2)
        self.newsroom.run("ledger")  # balances
        listed = self.newsroom.run_json("sources")
        self.assertEqual([(one["source"], one["state"]) for one in listed], [("wire", "well")])

    def test_the_backlog_is_sent_where_ops_say_so(self):
        self.configure(backlog="send")
        self.serve().wait_for("delivery.sent", count=2)
        self.assertEqual(self.subjects(), ["Old harbour news"] * 2)

    def test_a_poll_that_is_killed_mails_no_backlog(self):
        self.titles = [f"Harbour news {i}" for i in range(300)]
        self.configure()
        daemon = self.serve()
        daemon.wait_for("story.noticed", count=20)
        daemon.kill()
        daemon = self.serve()
        daemon.wait_for("source.begun")
        self.assertEqual(self.subjects(), [])
        self.assertEqual(self.totals()["matched"], 0)

    def test_an_older_story_that_turns_up_later_is_backlog(self):
        self.configure()
        daemon = self.serve()
        daemon.wait_for("source.begun")
        self.reply = lambda asked: (200, {}, rss("Old harbour news", "The harbour of old").replace(
            b"<title>The harbour of old", b"<pubDate>Mon, 02 Mar 2020 10:00:00 GMT</pubDate><title>The harbour of old"))
        daemon.wait_for("story.noticed", title="The harbour of old")
        self.assertEqual(self.totals()["matched"], 0)

    def test_a_feed_that_is_gone_is_left_alone(self):
        self.configure()
        daemon = self.serve()
        daemon.wait_for("source.begun")
        self.reply = lambda asked: (410, {}, b"")
        self.assertEqual(daemon.wait_for("source.ended").fields["what"], "http-410")
        daemon.stop()
        asked = len(self.server.asked)
        daemon = self.serve()
        daemon.wait_for("source.ended")
        self.assertEqual(self.newsroom.run_json("sources", code=1)[0]["state"], "ended: http-410")
        self.assertEqual(len(self.server.asked), asked)

    def test_what_goes_wrong_is_said_once_and_holds_up_nothing(self):
        self.configure()
        daemon = self.serve()
        daemon.wait_for("source.begun")
        bad = [(500, {}, b"oops", "http-500"),
               (200, {"Content-Type": "text/html"}, b"<!doctype html><title>Log in</title><p>Please log in.", "no feed"),
               (200, {}, b"\x00\x01\x02garbage", "feed"),
               (200, {}, b'{"title": "Service unavailable", "body_text": "Come back later."}', "no feed"),
               (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * (40 << 20)), "more than 16 MB"),
               (302, {"Location": "http://169.254.169.254/latest"}, b"", "not a public address"),
               (302, {"Location": "/feed"}, b"", "redirects"),
               (302, {"Location": "file:///etc/passwd"}, b"", "redirected")]
        for number, (status, headers, body, what) in enumerate(bad):
            self.reply = lambda asked: (status, headers, body)
            failing = daemon.wait_for("source.failing", count=number + 1)
            self.assertIn(what, failing.fields["what"])
            self.reply = self.conditional
            daemon.wait_for("source.recovered", count=number + 1, patience=120)
        self.titles.append("The harbour reopens")
        daemon.wait_for("delivery.sent", count=2)

    def test_a_permanent_redirect_is_believed_the_fifth_time(self):
        self.configure(path="/old")
        self.reply = lambda asked: ((301, {"Location": "/new"}, b"") if asked.path == "/old" else self.conditional(asked))
        daemon = self.serve()
        daemon.wait_for("source.moved")
        self.poll_again()
        self.assertEqual([asked.path for asked in self.server.asked[-2:]], ["/new", "/new"])
        daemon.stop()
        asked = len(self.server.asked)
        daemon = self.serve()
        self.server.wait_for(asked + 2)
        self.assertEqual({each.path for each in self.server.asked[asked:]}, {"/new"})

    def test_ids_that_are_counters_stay_with_their_source(self):
        self.reply = lambda asked: (200, {}, rss("Harbour news").replace(b"<guid>https://wire.example.org/0", b"<guid>1"))
        self.configure()
        noticed = self.serve().wait_for("story.noticed")
        self.assertEqual(noticed.fields["story"], "wire:1")
        for name in ("1", "wire:1"):
            self.assertEqual(self.newsroom.run_json("ledger", name)["stories"][0]["id"], "wire:1")

    def metrics(self, daemon):
        port = daemon.wait_until_ready().fields["operator_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=support.PATIENCE) as answer:
            return answer.read().decode()

    def test_a_source_that_falls_silent_is_missed_until_it_speaks(self):
        self.configure(expect="4s")
        daemon = self.serve()
        silent = daemon.wait_for("source.silent", source="wire")
        self.assertEqual((silent.level, silent.fields["expect"]), ("error", "4s"))
        self.assertIn('crier_source_silent{source="wire"} 1', self.metrics(daemon))
        self.assertRegex(self.newsroom.run("sources", code=1), r"well; .*\n  silent since 20")
        self.titles.append("The harbour reopens")
        daemon.wait_for("source.heard", source="wire")
        metrics = self.metrics(daemon)
        self.assertIn('crier_source_silent{source="wire"} 0', metrics)
        self.assertIn('crier_feed_up{source="wire"} 1', metrics)
        self.assertIn('crier_feed_polls_total{result="news",source="wire"} 2', metrics)
        self.assertRegex(metrics, r'crier_source_last_story_timestamp_seconds{source="wire"} [1-9]')

    def test_a_folder_is_missed_too(self):
        self.newsroom.configure(support.config(sources={"desk": {"folder": "in", "expect": "2s"}}))
        self.serve().wait_for("source.silent", source="desk")
        self.assertIn("silent_since", self.newsroom.run_json("sources", code=1)[0])

    def test_a_site_that_moves_and_names_all_its_stories_anew_mails_none_of_them_again(self):
        published = time.time() - 3600

        def feed(host, *titles):
            items = "".join(
                f"<item><guid>https://{host}/{i}</guid><link>https://{host}/{i}</link><title>{title}</title>"
                f"<pubDate>{email.utils.formatdate(published + i)}</pubDate><description>All about it.</description></item>"
                for i, title in enumerate(titles))
            return f'<rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>'.encode()

        titles = [f"Harbour news {i}" for i in range(5)]
        self.reply = lambda asked: (200, {}, feed("old.example.org", *titles))
        self.configure()
        daemon = self.serve()
        daemon.wait_for("source.begun")
        self.reply = lambda asked: (200, {}, feed("new.example.org/cms", *titles, "The harbour reopens"))
        daemon.wait_for("story.renamed", count=5)
        daemon.wait_for("delivery.sent", count=2)
        self.assertEqual(self.subjects(), ["The harbour reopens"] * 2)

    def test_a_feed_cannot_take_back_what_another_brought(self):
        said = [{"uri": "https://evil.example.org/1", "version": "9", "type": "text", "pubStatus": "usable",
                 "headline": "Nothing to see"}]
        evil = self.use(FeedServer(
            lambda asked: (200, {"Content-Type": "application/json"}, json.dumps(said).encode())))
        feed = {"every": "1s", "allow": ["127.0.0.1"]}
        self.newsroom.configure(support.config(sources={
            "wire": feed | {"feed": self.server.url + "/feed"}, "evil": feed | {"feed": evil.url + "/feed"}}))
        daemon = self.serve()
        daemon.wait_for("source.begun", count=2)
        self.titles.append("The harbour reopens")
        daemon.wait_for("delivery.sent", count=2)
        said.append(said[0] | {"uri": "https://wire.example.org/1", "pubStatus": "canceled"})
        daemon.wait_for("story.noticed", source="evil", status="canceled")
        versions = daemon.events("story.noticed")
        self.assertNotIn("canceled", [each.fields["status"] for each in versions if each.fields["source"] == "wire"])

    def test_a_private_address_must_be_allowed(self):
        self.configure(allow=[])
        self.assertIn("not a public address", self.newsroom.run("check", code=78))


if __name__ == "__main__":
    support.main()
