"""Several relays share the mail by weight and stand in for one another; nobody has a mail twice for it."""

import collections

import support
from mail_server import MailServer


class RelayShareTest(support.NewsroomTest):
    def share(self, *relays, readers):
        """Each of `relays` is a port and what is said of it."""
        self.readers = [f"r{i}" for i in range(readers)]
        config = support.config(subscribers=[support.reader(name) for name in self.readers])
        email = config["channels"]["email"]
        del email["relay"]
        email["relays"] = [{"url": f"smtp://127.0.0.1:{port}"} | fields for port, fields in relays]
        self.newsroom.configure(config)

    def check_all_have(self, *servers, stories=1, in_doubt=()):
        """In the ledger, and in fact, once each. Who was `in_doubt` may have the same mail twice."""
        owed = stories * len(self.readers)
        support.eventually(lambda: self.totals()["delivered"] == owed, "all are in the ledger")
        total = self.totals()
        self.assertEqual((total["matched"], total["queued"], total["failed"]), (owed, 0, {}))
        self.assertIn("The books balance.", self.newsroom.run("ledger"))
        received = collections.Counter(
            (each.recipient, each.mail["Message-ID"]) for server in servers for each in server.received)
        twice = {recipient.split("@")[0] for (recipient, _), times in received.items() if times > 1}
        self.assertEqual(twice - set(in_doubt), set())
        self.assertLessEqual(max(received.values()), 2)
        mails = collections.Counter(recipient for recipient, _ in received)
        self.assertEqual(mails, {f"{name}@example.org": stories for name in self.readers})

    def of_email(self):
        """What `crier outbox list` knows of the channel, by relay."""
        [email] = [each for each in self.newsroom.run_json("outbox", "list")["daemon"] if each["channel"] == "email"]
        return {each["relay"]: each for each in email["relays"]}


class WeightTest(RelayShareTest):
    def test_each_has_its_share(self):
        """Of mailings that both have free connections for."""
        for weights in ((3, 1), (1, 3)):
            with self.subTest(weights=weights):
                self.doCleanups()
                self.setUp()
                servers = [self.use(MailServer()) for _ in weights]
                self.share(*((server.port, {"weight": weight}) for server, weight in zip(servers, weights)), readers=4)
                daemon = self.serve()
                for number in range(20):
                    self.newsroom.drop(f"{number}.txt", support.page(f"Harbour news, part {number}"))
                    daemon.wait_for("delivery.sent", count=4 * (number + 1))
                self.check_all_have(*servers, stories=20)
                heavy = servers[weights.index(3)]
                self.assertTrue(52 <= len(heavy.received) <= 68, f"{len(heavy.received)} of 80; 60 are three quarters")
                self.assertEqual(set(self.of_email()), {f"127.0.0.1:{server.port}" for server in servers})
                daemon.stop()

    def test_one_that_stands_by_has_none(self):
        first, spare = self.use(MailServer()), self.use(MailServer())
        self.share((first.port, {"weight": 1}), (spare.port, {"weight": 0}), readers=60)
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        self.check_all_have(first, spare)
        self.assertEqual((len(first.received), len(spare.received)), (60, 0))
        daemon.stop()


class DeathTest(RelayShareTest):
    def mail_by_two(self, weights, reply):
        """The first has `reply` for the thirtieth recipient and all after it."""
        told = []

        def answer(address):
            told.append(address)
            return reply(first) if len(told) >= 30 else None

        first, second = self.use(MailServer(answer)), self.use(MailServer())
        self.share(*zip((first.port, second.port), ({"weight": weight} for weight in weights)), readers=200)
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        self.check_shown(daemon.wait_for("relay.paused"), first, second)
        support.eventually(lambda: self.totals()["delivered"] + len(self.put_off(daemon)) == 200, "all were tried")
        return first, second, daemon

    def check_shown(self, paused, first, second):
        name = f"127.0.0.1:{first.port}"
        self.assertEqual(paused.fields["relay"], name)
        relays = self.of_email()
        self.assertGreater(relays[name]["stopped_for_ms"], 0)
        self.assertEqual({"stopped_for_ms", "failing", "slowed"} & set(relays[f"127.0.0.1:{second.port}"]), set())
        shown = rf"relay {name}: .*\n +stopped by its breaker for \d+s more, failing: {relays[name]['failing']}\n"
        self.assertRegex(self.newsroom.run("outbox", "list"), shown)

    def put_off(self, daemon):
        return {each.fields["subscriber"]: each.fields["reason"] for each in daemon.events("delivery.retry")}

    def check_both_had_some(self, first, second, daemon):
        self.assertTrue(0 < len(first.received) < 30 and len(second.received) > 100)
        self.assertEqual(daemon.events("channel.paused"), [])

    def test_it_closes_its_service(self):
        for weights in ((1, 1), (1, 0)):
            with self.subTest(weights=weights):
                self.doCleanups()
                self.setUp()
                first, second, daemon = self.mail_by_two(weights, lambda server: "421 4.3.2 closing")
                self.assertEqual(self.put_off(daemon), {})
                self.check_all_have(first, second)
                self.check_both_had_some(first, second, daemon)
                daemon.stop()

    def test_it_dies(self):
        """What it had as a whole may have been taken, and is given to the other in the next attempt only."""
        for weights in ((1, 1), (1, 0)):
            with self.subTest(weights=weights):
                self.doCleanups()
                self.setUp()
                first, second, daemon = self.mail_by_two(weights, MailServer.die)
                in_doubt = self.put_off(daemon)
                self.assertEqual(set(in_doubt.values()) - {"connection-lost"}, set())
                self.assertLessEqual(len(in_doubt), 8)  # one for each of its connections
                if in_doubt:
                    self.newsroom.run("outbox", "retry", "channel", "email", "--why", "the other relay is well")
                self.check_all_have(first, second, in_doubt=in_doubt)
                self.check_both_had_some(first, second, daemon)
                daemon.stop()


if __name__ == "__main__":
    support.main()
