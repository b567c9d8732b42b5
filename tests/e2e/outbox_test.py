"""What an operator sees of the outbox and does about it: crier ledger, reader by reader."""

import csv
import io

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

    def test_a_spreadsheet_computes_nothing(self):
        [record] = self.records("--subscriber", "amara")
        self.assertEqual(record["title"], "'=Harbour fees, \"doubled\"")


if __name__ == "__main__":
    support.main()
