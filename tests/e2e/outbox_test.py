"""What an operator sees of the outbox and does about it: crier ledger, reader by reader, and crier outbox."""

import csv
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
