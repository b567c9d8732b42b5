"""kill -9 in the middle of two thousand mails: none is lost, and only what was in flight is sent twice."""

import collections

import support
from mail_server import MailServer

READERS = 2000
CONNECTIONS = 8


class CrashTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.server = self.use(MailServer(message_reply=self.kill_at_times, delay=0.004))
        readers = [support.reader(f"reader{number}") for number in range(READERS)]
        config = support.config(f"smtp://127.0.0.1:{self.server.port}", subscribers=readers)
        config["channels"]["email"]["connections"] = CONNECTIONS
        self.newsroom.configure(config)
        self.kills = []

    def kill_at_times(self, received):
        """Kills on the relay's thread, so that the daemon cannot be done before the test comes to it."""
        if self.kills and len(self.server.received) >= self.kills[0]:
            self.kills.pop(0)
            self.daemon.process.kill()

    def check_books(self):
        """Between crashes: whatever was owed is delivered or queued, nothing is gone. Not all may be owed it yet:
        of so many readers the last follow when the first are being sent to."""
        total = self.totals()
        self.assertEqual(total["delivered"] + total["queued"], total["matched"], total)
        self.assertLessEqual(total["matched"], READERS)
        return total["delivered"]

    def message_ids(self):
        out = collections.defaultdict(list)
        for each in self.server.received:
            out[each.recipient].append(each.mail["Message-ID"])
        return out

    def test_killed_three_times(self):
        self.kills = [300, 800, 1300]
        crashes = len(self.kills)
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        for _ in range(crashes):
            self.daemon = self.start()
            self.daemon.wait_for_end()
            self.assertLessEqual(self.check_books(), len(self.server.received))
            self.assertLess(len(self.server.received), READERS)
        self.daemon = self.serve()
        support.eventually(lambda: len(self.message_ids()) == READERS, "every reader has it")
        support.eventually(lambda: self.check_books() == READERS, "every delivery is in the books")
        self.daemon.stop()
        ids = self.message_ids()
        self.assertEqual(set(ids), {f"reader{number}@example.org" for number in range(READERS)})
        self.assertEqual([each for each in ids.values() if len(set(each)) != 1], [], "the same Message-ID")
        self.assertEqual(len({each[0] for each in ids.values()}), READERS)
        duplicates = len(self.server.received) - READERS
        self.assertLessEqual(duplicates, crashes * CONNECTIONS)

    def test_killed_before_anything_was_sent(self):
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        daemon.wait_for("story.noticed")
        daemon.kill()
        self.assertLessEqual(self.check_books(), len(self.server.received))
        daemon = self.serve()
        daemon.wait_for("story.unchanged")
        support.eventually(lambda: self.totals()["matched"] == READERS, "every reader is owed it")
        daemon.stop()
        self.assertEqual(len(self.newsroom.ledger()["stories"]), 1)
        self.check_books()


if __name__ == "__main__":
    support.main()
