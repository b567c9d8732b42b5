"""What an operator sees of the outbox and does about it: crier ledger, reader by reader, and crier outbox."""

import csv
import datetime
import io
import json
import socket
import sqlite3
import threading

import support
from mail_server import MailServer

STORY = "harbour-fees-doubled-2023-10-18"


class ReaderLedgerTest(support.NewsroomTest):
    """crier ledger --subscriber, and the ledger's exports"""

    def setUp(self):
        super().setUp()
        server = self.use(
            MailServer(lambda to: "550 5.1.1 no such mailbox" if to.startswith("bruno") else None)
        )
        self.newsroom.configure(
            support.config(
                f"smtp://127.0.0.1:{server.port}",
                editions={"evening": {"at": "23:59", "zone": "UTC", "days": ["sun"]}},
                alerts={"late_into": "evening"},
                subscribers=[
                    support.reader("amara"),
                    support.reader("bruno"),
                    support.reader("chidi", follow=[{"topic": "harbours", "deliver": "evening"}]),
                ],
            )
        )
        self.newsroom.write("stories/harbour-fees.txt", support.page("=Harbour fees, \"doubled\""))
        daemon = self.serve()
        daemon.wait_for("delivery.sent", subscriber="amara")
        daemon.wait_for("delivery.ended", subscriber="bruno")
        daemon.stop()

    def of(self, subscriber):
        ledger = self.newsroom.run_json("ledger", "--subscriber", subscriber)
        self.assertFalse(ledger["has_more"])
        [delivery] = ledger["deliveries"]
        return delivery

    def test_who_got_it_is_told_when_and_why(self):
        got = self.of("amara")
        self.assertEqual((got["state"], got["channel"], got["lane"]), ("delivered", "email", "alert"))
        self.assertEqual(got["story"], STORY)
        self.assertIn("You follow Harbours", got["because"])
        self.assertLessEqual(got["planned_at"], got["settled_from"])
        self.assertEqual(got["settled_from"], got["settled_until"])
        text = self.newsroom.run("ledger", "--subscriber", "amara")
        self.assertIn("delivered", text)
        self.assertIn("You follow Harbours", text)
        self.assertIn(got["settled_from"][:19], text)

    def test_who_did_not_is_told_with_the_reply(self):
        lost = self.of("bruno")
        self.assertEqual((lost["state"], lost["detail"]), ("failed", "smtp-5.1.1"))
        self.assertIn("no such mailbox", lost["reply"])
        self.assertIn("no such mailbox", self.newsroom.run("ledger", "--subscriber", "bruno"))

    def test_what_waits_for_an_edition(self):
        waiting = self.of("chidi")
        self.assertEqual((waiting["state"], waiting["edition"]), ("queued", "evening"))
        self.assertNotIn("delivery", waiting)

    def test_a_stranger(self):
        self.assertEqual(self.newsroom.run("ledger", "--subscriber", "nobody", code=66), "")
        self.newsroom.run("ledger", STORY, "--subscriber", "amara", code=64)
        self.newsroom.run("ledger", "--json", "--csv", code=64)

    def test_the_ledger_is_read_although_a_rule_is_wrong(self):
        self.newsroom.write("config/broken.yaml", "topics: {wrong: {any: ['a AND']}}\n")
        self.newsroom.run("check", code=78)
        self.assertEqual(self.of("amara")["state"], "delivered")
        self.newsroom.run("ledger")

    def records(self, *arguments):
        text = self.newsroom.run("ledger", *arguments, "--csv")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_exports_come_to_the_same(self):
        total = self.totals()
        batches = [each for each in self.records() if each["entry"] == "batch"]
        counted = {each["state"]: int(each["deliveries"]) for each in batches}
        self.assertEqual(counted, {"delivered": 1, "failed": 1})
        stories = [each for each in self.records() if each["entry"] == "story"]
        self.assertEqual(sum(int(each["deliveries"]) for each in stories), total["matched"])
        deliveries = {each["subscriber"]: each for each in self.records("--deliveries")}
        self.assertEqual(
            {name: each["state"] for name, each in deliveries.items()},
            {"amara": "delivered", "bruno": "failed", "chidi": "queued"},
        )
        self.assertEqual(deliveries["bruno"]["detail"], "smtp-5.1.1")
        listed = self.newsroom.run_json("ledger", "--deliveries", STORY)["deliveries"]
        self.assertEqual({each["subscriber"] for each in listed}, set(deliveries))

    def test_channels_and_lanes_have_a_balance_of_their_own(self):
        ledger = self.newsroom.ledger()
        self.assertEqual(ledger["channels"], {"email": {**ledger["total"], "balanced": True}})
        lanes = ledger["lanes"]
        self.assertEqual(set(lanes), {"alert", "digest"})
        alert = lanes["alert"]
        self.assertEqual((alert["matched"], alert["delivered"], alert["failed"]), (2, 1, {"smtp-5.1.1": 1}))
        self.assertEqual((lanes["digest"]["matched"], lanes["digest"]["queued"]), (1, 1))  # in no batch
        rows = [line.split() for line in self.newsroom.run("ledger").splitlines()]
        self.assertIn(["2", "1", "0", "0", "1", "balanced", "lane", "alert"], rows)
        self.assertIn(["1", "0", "0", "1", "0", "balanced", "lane", "digest"], rows)
        self.assertIn(["3", "1", "0", "1", "1", "balanced", "channel", "email"], rows)
        records = self.records()
        digest = [each for each in records if (each["entry"], each["lane"]) == ("lane", "digest")]
        self.assertEqual([(each["state"], each["deliveries"]) for each in digest], [("queued", "1")])
        for kind in ("channel", "lane"):
            counts = [int(each["deliveries"]) for each in records if each["entry"] == kind]
            self.assertEqual(sum(counts), ledger["total"]["matched"])
        batch = str(ledger["batches"][0]["batch"])
        self.assertEqual(set(self.newsroom.ledger(batch)["lanes"]), {"alert"})
        self.assertNotIn("balanced  lane", self.newsroom.run("ledger", batch))  # its row says it

    def test_a_spreadsheet_computes_nothing(self):
        [record] = self.records("--subscriber", "amara")
        self.assertEqual(record["title"], "'=Harbour fees, \"doubled\"")


class OperatorsHandTest(support.NewsroomTest):
    """crier outbox: what an operator changes counts at once, with and without the daemon"""

    WHY = ("--why", "a test of the hand")

    def setUp(self):
        super().setUp()
        self.replies = {}
        self.gate = threading.Event()
        self.gate.set()
        self.server = self.use(MailServer(lambda to: self.replies.get(to.split("@")[0]), self.let_through))
        readers = [support.reader(f"r{i}", email=f"r{i}@{'example.org' if i % 2 else 'example.com'}") for i in range(8)]
        sections = support.config(f"smtp://127.0.0.1:{self.server.port}", subscribers=readers)
        sections["channels"]["email"]["connections"] = 2
        self.newsroom.configure(sections)

    def let_through(self, received):
        """The reply to a message comes when the gate is open."""
        self.gate.wait(support.PATIENCE)

    def hand(self, *words, code=0):
        return self.newsroom.run("outbox", *words, code=code)

    def hand_json(self, *words):
        return self.newsroom.run_json("outbox", *words)

    def publish(self):
        self.newsroom.drop("harbour.txt", support.page("Harbour fees doubled"))

    def batch(self):
        [batch] = self.newsroom.ledger()["batches"]
        return str(batch["batch"])

    def receivers(self):
        return sorted(each.recipient.split("@")[0] for each in self.server.received)

    def test_why_and_names_are_checked_before_anything_happens(self):
        for words in (
            ["drop", "lane", "alert"],
            ["drop", "lane", "alert", "--why", ""],
            ["drop", "lane", "alarm", *self.WHY],
            ["drop", "relay", "127.0.0.1", *self.WHY],
            ["pause", "reason", "smtp-4.2.2", *self.WHY],
            ["pause", "lane", "alert", "--for", "soon", *self.WHY],
            ["pause", "lane", "alert", "--for", "0s", *self.WHY],
            ["pause", "lane", *self.WHY],
            ["dorp"],
            [],
        ):
            with self.subTest(words=words):
                self.hand(*words, code=64)
        self.hand("drop", "batch", "1", *self.WHY, code=66)  # nothing has been seen yet
        self.assertIn("Nothing is queued", self.hand("list"))
        self.assertEqual(self.hand_json("log"), [])

    def test_a_pause_while_the_daemon_runs(self):
        daemon = self.serve_watching()
        said = self.hand("pause", "relay", "127.0.0.1", "--for", "2h", *self.WHY)
        self.assertIn("paused until", said)
        self.publish()
        daemon.wait_for("story.noticed", matched=8)
        listed = self.hand_json("list")
        [batch] = listed["batches"]
        self.assertEqual((batch["queued"], batch["lane"]), (8, "alert"))
        [pause] = listed["pauses"]
        self.assertEqual((pause["target"], pause["why"]), ("relay 127.0.0.1", self.WHY[1]))
        self.assertIsNotNone(listed["daemon"])
        self.assertIn("paused: relay 127.0.0.1", self.hand("list"))
        support.eventually(
            lambda: "held by a pause" in self.newsroom.run("ledger", "--subscriber", "r1"), "the ledger says so, too"
        )
        self.hand("pause", "domain", "example.org", *self.WHY)
        self.hand("resume", "relay", "127.0.0.1", *self.WHY)
        support.eventually(lambda: self.totals()["delivered"] == 4, "those elsewhere got theirs")
        self.assertEqual(self.receivers(), ["r0", "r2", "r4", "r6"])
        daemon.stop()
        daemon = self.serve()  # a pause outlives the daemon
        self.assertEqual(self.totals()["queued"], 4)
        domains = self.hand_json("list", "--domains")["domains"]
        self.assertEqual([(each["domain"], each["queued"]) for each in domains], [("example.org", 4)])
        self.hand("resume", "domain", "example.org", *self.WHY)
        support.eventually(lambda: self.totals()["delivered"] == 8, "all got theirs")
        self.hand("resume", "domain", "example.org", *self.WHY, code=66)
        daemon.wait_for("outbox.order", what="resume domain example.org")
        acts = self.hand_json("log")
        self.assertEqual(
            [act["what"] for act in acts],
            ["resume domain example.org", "resume relay 127.0.0.1", "pause domain example.org", "pause relay 127.0.0.1"],
        )
        self.assertTrue(all(act["why"] == self.WHY[1] and act["who"] for act in acts))
        self.assertIn(self.WHY[1], self.hand("log"))

    def test_a_batch_is_recalled_in_the_middle(self):
        self.gate.clear()
        daemon = self.serve_watching()
        self.publish()
        support.eventually(lambda: self.server.received, "the first is at the relay")
        batch = self.batch()
        recall = threading.Thread(target=lambda: answers.append(self.hand_json("drop", "batch", batch, *self.WHY)))
        answers = []
        recall.start()
        daemon.wait_for("outbox.order", what=f"drop batch {batch}")
        self.gate.set()
        recall.join(support.PATIENCE)
        [answer] = answers
        under_way = answer["under_way"]
        received = len(self.server.received)
        self.assertEqual(under_way["left"], received)
        self.assertEqual(under_way["deliveries"], under_way["left"] + under_way["stopped"])
        self.assertEqual(answer["stopped"], 8 - received)
        self.assertEqual(answer["batch"]["delivered"], received)
        self.assertEqual(answer["batch"]["suppressed"], {f"dropped: {self.WHY[1]}": 8 - received})
        self.assertTrue(answer["batch"]["balanced"])
        daemon.stop()
        self.assertEqual(len(self.server.received), received)
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"]), (received, 0))

    def test_retries_without_a_daemon(self):
        self.replies["r1"] = "451 4.7.1 come back later"
        self.replies["r2"] = "452 4.2.2 mailbox full"
        daemon = self.serve()
        self.publish()
        daemon.wait_for("delivery.retry", count=2)
        daemon.stop()
        self.replies.clear()
        shown = self.hand("show", self.batch())
        self.assertIn("mailbox full", shown)
        self.assertIn("come back later", shown)
        self.assertIn("smtp-4.2.2", self.hand("list"))
        self.assertIn("The daemon does not run", self.hand("list"))
        self.assertIn("1 deliveries are due now", self.hand("retry", "domain", "example.org", *self.WHY))
        self.assertIn("1 stopped", self.hand("drop", "reason", "smtp-4.2.2", *self.WHY))
        daemon = self.serve()
        daemon.wait_for("delivery.sent", subscriber="r1")
        daemon.stop()
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"]), (7, 0))
        self.assertEqual(total["suppressed"], {f"dropped: {self.WHY[1]}": 1})
        [delivery] = self.newsroom.run_json("ledger", "--subscriber", "r1")["deliveries"]
        self.assertEqual(delivery["attempts"], 2)
        self.assertIn("r1", self.hand("show", delivery["delivery"]))

    def test_two_who_give_orders_together(self):
        self.serve()
        runs = [
            threading.Thread(target=self.hand, args=("pause", "domain", f"d{i}.example.org", *self.WHY)) for i in range(6)
        ]
        for run in runs:
            run.start()
        for run in runs:
            run.join(support.PATIENCE)
        self.assertEqual(len(self.hand_json("list")["pauses"]), 6)
        socket_file = self.newsroom.state / "crier.sock"
        self.assertEqual(socket_file.stat().st_mode & 0o777, 0o600)

    def say(self, words):
        """What the daemon answers to bytes on its socket; empty when it hangs up."""
        with socket.socket(socket.AF_UNIX) as talk:
            talk.settimeout(support.PATIENCE)
            talk.connect(str(self.newsroom.state / "crier.sock"))
            try:
                talk.sendall(words)
                talk.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: talk.recv(4096), b""))
            except (BrokenPipeError, ConnectionResetError):
                return b""

    def test_nonsense_on_the_socket_is_answered_and_changes_nothing(self):
        self.serve()
        good = {"act": "drop", "kind": "lane", "name": "alert", "why": "because", "who": "ops"}
        wrong = [
            b"nonsense",
            b"[]",
            b"{}",
            b'{"order": 7}',
            b'{"order": {}}',
            b'{"ask": "everything"}',
            *(json.dumps({"order": good | change}).encode() for change in ({"why": ""}, {"act": "burn"}, {"name": 1})),
            json.dumps({"order": good | {"act": "pause", "lasts_ms": -5}}).encode(),
        ]
        for words in wrong:
            with self.subTest(words=words):
                self.assertIn("error", json.loads(self.say(words + b"\n")))
        self.assertEqual(self.say(b"x" * 200_000), b"")
        self.assertEqual(self.say(b""), b"")
        self.assertEqual(self.hand_json("log"), [])
        self.assertIn("lines", json.loads(self.say(b'{"ask": "lines"}\n')))

    def test_a_daemon_that_was_killed_is_no_daemon(self):
        daemon = self.serve_watching()
        daemon.kill()
        self.hand("pause", "lane", "alert", *self.WHY)
        daemon = self.serve()
        self.publish()
        daemon.wait_for("story.noticed", matched=8)
        self.assertEqual(self.receivers(), [])
        self.hand("drop", "channel", "email", *self.WHY)
        self.assertEqual(self.totals()["suppressed"], {f"dropped: {self.WHY[1]}": 8})


class HeldBackTest(support.NewsroomTest):
    """crier outbox list: every relay and every limited or slowed domain, and what holds it"""

    def setUp(self):
        super().setUp()
        server = self.use(
            MailServer(lambda to: "450 4.7.28 too fast" if to.endswith("@touchy.example") else None)
        )
        self.well = f"127.0.0.1:{server.port}"
        self.dead = f"127.0.0.1:{support.free_port()}"
        # The first day was yesterday.
        first = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
        domains = ["touchy.example", *["example.org"] * 10]
        sections = support.config(
            subscribers=[support.reader(f"r{i}", email=f"r{i}@{domain}") for i, domain in enumerate(domains)]
        )
        sections["channels"]["email"] = {
            "from": "alerts@courier.example.org",
            "relays": [
                {
                    "url": f"smtp://{self.well}",
                    "weight": 3,
                    "connections": 4,
                    "messages_per_connection": 100,
                    "time_per_connection": "5m",
                    "rate": "1000/s",
                    "warm_up": {"from": str(first), "first_day": 400, "done_at": 100000},
                },
                {"url": f"smtp://{self.dead}"},
            ],
            "domains": [
                {"names": ["post.example", "mail.example"], "at_once": 2},
                {"names": ["hour.example"], "rate": "3600/h"},
            ],
        }
        self.newsroom.configure(sections)

    def look(self):
        """What is listed for people and for machines, once the breaker of the dead relay is open. Each pause is
        longer than the one before."""
        self.published = getattr(self, "published", 0) + 1
        self.newsroom.drop(f"harbour-{self.published}.txt", support.page(f"Harbour fees, part {self.published}"))
        support.eventually(lambda: self.totals()["delivered"] == 10 * self.published, "those who can have it do")
        listed, text = self.newsroom.run_json("outbox", "list"), self.newsroom.run("outbox", "list")
        [email] = [line for line in listed["daemon"] if line["channel"] == "email"]
        is_open = "stopped_for_ms" in email["relays"][1] and "stopped by its breaker" in text
        return (email, text) if is_open else None

    def test_with_a_daemon(self):
        self.serve_watching()
        email, text = support.eventually(self.look, "the breaker is open")
        well, dead = email["relays"]
        self.assertEqual((well["relay"], well["weight"], dead["relay"]), (self.well, 3, self.dead))
        self.assertEqual(
            (well["connections"], well["messages_per_connection"], well["time_per_connection_ms"]), (4, 100, 300000)
        )
        self.assertIn(well["allowed_connections"], (2, 4))
        self.assertLessEqual(well["open_connections"], 4)
        self.assertEqual(well["most_rate_per_s"], 1000)
        self.assertLessEqual(well["rate_per_s"], 1000)
        self.assertEqual(well["most_today"], 800)
        self.assertGreaterEqual(well["sent_today"], 10)
        self.assertNotIn("stopped_for_ms", well)
        self.assertEqual((dead["failing"], dead["failed_last"]), ("unreachable", "unreachable"))
        domains = {domain["domain"]: domain for domain in email["domains"]}
        self.assertEqual(domains.keys(), {"post.example", "hour.example", "touchy.example"})
        self.assertEqual(domains["post.example"]["names"], ["post.example", "mail.example"])
        self.assertEqual((domains["post.example"]["at_once"], domains["post.example"]["in_flight"]), (2, 0))
        self.assertEqual(domains["hour.example"]["most_rate_per_s"], 1)
        self.assertTrue(domains["touchy.example"]["slowed"])
        for words in (
            rf"relay {self.well}: weight 3, \d+ being sent\n +connections: \d open, \d of 4 allowed",
            r"each for 100 messages or 5m\n +rate: .* a second at most.*\n +warm-up: \d+ of 800 messages today",
            rf"relay {self.dead}: weight 1, .*\n +stopped by its breaker for \d+s more, failing: unreachable",
            r"domain post\.example and 1 more: 0 being sent, 2 at most",
            r"domain hour\.example: 0 being sent\n +rate: 1 a second at most",
            r"domain touchy\.example: \d being sent\n +rate: .* a second at most, since it asked for less",
        ):
            self.assertRegex(text, words)

    def test_without_a_daemon(self):
        configured = self.newsroom.run_json("outbox", "list")["configured"]  # nothing has been seen yet
        self.assertEqual(configured["relays"][0]["sent_today"], 0)
        daemon = self.serve_watching()
        email, _ = support.eventually(self.look, "the breaker is open")
        self.newsroom.run("outbox", "pause", "relay", self.dead, "--why", "it is dead")
        daemon.stop()
        listed, text = self.newsroom.run_json("outbox", "list"), self.newsroom.run("outbox", "list")
        self.assertIsNone(listed["daemon"])
        well, dead = listed["configured"]["relays"]
        self.assertGreaterEqual(well["sent_today"], email["relays"][0]["sent_today"])
        self.assertEqual((well["most_today"], well["connections"], well["most_rate_per_s"]), (800, 4, 1000))
        self.assertNotIn("in_flight", well)
        self.assertTrue(dead["paused"])
        self.assertEqual(
            [(domain["domain"], domain.get("at_once")) for domain in listed["configured"]["domains"]],
            [("post.example", 2), ("hour.example", None)],
        )
        self.assertIn("The daemon does not run.", text)
        self.assertRegex(text, rf"relay {self.dead}: weight 1\n +paused")
        self.assertRegex(text, r"warm-up: \d+ of 800 messages today")
        self.assertIn("domain post.example and 1 more: 2 at most", text)


class RetentionTest(support.NewsroomTest):
    """ledger.keep"""

    def setUp(self):
        super().setUp()
        self.newsroom.configure(support.config(ledger={"keep": "30d"}))
        self.newsroom.write("stories/old.txt", support.page("Harbour news of old"))
        daemon = self.serve()
        daemon.wait_for("delivery.sent", count=2)
        daemon.stop()
        self.age(40)
        self.newsroom.write("stories/new.txt", support.page("Harbour news of today"))

    def age(self, days):
        """As if so many days had passed since everything happened. Only while no daemon runs."""
        with sqlite3.connect(self.newsroom.state / "crier.db") as database:
            shift = days * 86_400_000
            database.execute("UPDATE story SET seen_at = seen_at - ?", [shift])
            database.execute("UPDATE batch SET created_at = created_at - ?", [shift])
        database.close()

    def test_the_old_goes_and_is_no_news_when_it_comes_again(self):
        daemon = self.serve()
        pruned = daemon.wait_for("ledger.pruned")
        self.assertEqual(pruned.fields["older_than"], "30d")
        daemon.wait_for("delivery.sent", count=2)
        ledger = self.newsroom.ledger()
        self.assertEqual([story["title"] for story in ledger["stories"]], ["Harbour news of today"])
        self.assertEqual(len(ledger["batches"]), 1)
        [delivery] = self.newsroom.run_json("ledger", "--subscriber", "amara")["deliveries"]
        self.assertEqual(delivery["title"], "Harbour news of today")
        self.newsroom.run("ledger", "harbour-news-of-old-2023-10-18", code=66)
        self.newsroom.drop("again.txt", support.page("Harbour news of old"))
        daemon.wait_for("story.unchanged", story="harbour-news-of-old-2023-10-18", count=2)
        daemon.stop()
        self.assertEqual(len(self.newsroom.maildir()), 4)

    def test_a_time_that_is_too_short_is_a_mistake(self):
        self.newsroom.configure(support.config(ledger={"keep": "1d"}))
        self.newsroom.run("check", code=78)


if __name__ == "__main__":
    support.main()
