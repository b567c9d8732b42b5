"""Relays that misbehave in every way they can: the books balance meanwhile, nothing is called delivered that the relay
did not take, and when it is honest again everybody has the mail."""

import collections
import itertools
import subprocess
import threading
import time

import mail_server
import support
from bad_peer import HANG_UP, BadPeer

READERS = 24
# By BDAT in a window, by DATA overlapped, one command at a time.
WAYS = (("PIPELINING", "CHUNKING", "8BITMIME"), ("PIPELINING", "8BITMIME"), ("8BITMIME",))


def at(stage, answer):
    """Answers so at this stage, always."""

    def misbehave(now, connection):
        if now != stage:
            return None
        return answer(connection) if callable(answer) else answer

    return misbehave


def some(stage, answer, every=3):
    """Answers so at this stage, each `every`th time."""
    count = collections.Counter()
    lock = threading.Lock()

    def misbehave(now, connection):
        if now != stage:
            return None
        with lock:
            count[stage] += 1
            is_turn = count[stage] % every == 0
        return answer if is_turn else None

    return misbehave


class BadPeerTest(support.NewsroomTest):
    def fresh(self):
        """A newsroom of its own for a part of a test."""
        self.doCleanups()
        self.setUp()

    def relay_to(self, peer, scheme="smtp", parameters="?starttls=off", host="127.0.0.1", **email):
        readers = [support.reader(f"r{i}") for i in range(READERS)]
        config = support.config(f"{scheme}://{host}:{peer.port}{parameters}", subscribers=readers)
        config["channels"]["email"] |= {"connections": 2, "timeout": "2s"} | email
        self.newsroom.configure(config)

    def check_books(self, peer):
        total = self.totals()  # which fails when they do not balance
        with peer.lock:
            taken = {each.recipient for each in peer.accepted}
        self.assertEqual(total["matched"], READERS)
        self.assertLessEqual(total["delivered"], len(taken))
        return total

    def misbehave(self, peer, may_repeat=False, fails=False, **relay):
        """The story is sent to the bad relay, and then, for what is still owed, to the same one mended."""
        peer = self.use(peer)
        self.relay_to(peer, **relay)
        daemon = self.serve()
        self.newsroom.drop("harbour.txt", support.page("Harbour fees doubled"))

        def has_tried():
            ended = daemon.events("delivery.ended") + daemon.events("delivery.retry") + daemon.events("delivery.sent")
            return len(ended) >= READERS or daemon.events("channel.paused")

        support.eventually(has_tried, "every reader was tried, or the channel paused")
        self.check_books(peer)
        daemon.stop()
        before = self.check_books(peer)
        peer.is_honest = True
        self.newsroom.let_retries_be_due()
        daemon = self.serve()
        support.eventually(lambda: self.totals()["queued"] == 0, "nothing is owed any more")
        daemon.stop()
        after = self.check_books(peer)
        failed = sum(after["failed"].values())
        self.assertEqual(after["delivered"] + failed, READERS)
        self.assertEqual(failed > 0, fails, after["failed"])
        times = collections.Counter(each.recipient for each in peer.accepted)
        ids = collections.defaultdict(set)
        for each in peer.accepted:
            ids[each.recipient].add(each.message_id)
        self.assertTrue(all(len(its) == 1 for its in ids.values()))  # a repeat is known by its Message-ID
        if not may_repeat:
            self.assertEqual(sum(times.values()), len(times))
        self.assertGreaterEqual(len(times), after["delivered"])
        return before, after, daemon


class ReplyTest(BadPeerTest):
    def test_it_turns_everybody_away_for_now(self):
        for stage, reply in (
            ("greeting", b"421 4.3.2 no service\r\n"),
            ("ehlo", b"421 4.3.2 no service\r\n"),
            ("mail", b"451 4.3.0 not now\r\n"),
            ("rcpt", b"450 4.2.1 not now\r\n"),
            ("data", b"451 4.3.0 not now\r\n"),
            ("message", b"452 4.3.1 no room\r\n"),
            ("bdat", b"452 4.3.1 no room\r\n"),
        ):
            extensions = ("PIPELINING",) if stage in ("data", "message") else BadPeer.extensions
            with self.subTest(stage=stage):
                self.fresh()
                self.misbehave(BadPeer(at(stage, reply), extensions))

    def test_it_turns_a_few_away_for_good(self):
        for stage, way in (("rcpt", 0), ("rcpt", 1), ("rcpt", 2), ("message", 1), ("bdat", 0)):
            extensions = WAYS[way]
            with self.subTest(stage=stage, extensions=extensions):
                self.fresh()
                self.misbehave(BadPeer(some(stage, b"550 5.1.1 nobody\r\n"), extensions), fails=True)

    def test_a_few_of_a_window_get_other_answers(self):
        ways = itertools.cycle(zip(WAYS, ("bdat", "message", "rcpt")))
        for reply in (b"451 4.2.0 later\r\n", b"421 4.3.2 closing\r\n", b"999 what\r\n", b"garbage\r\n", b"\r\n",
                      b"250\r\n250\r\n250 three for one\r\n", b"\xff\xfe\x00\r\n", b"250-never\r\n250-ends\r\n"):
            extensions, stage = next(ways)
            with self.subTest(reply=reply, stage=stage):
                self.fresh()
                self.misbehave(BadPeer(some(stage, reply, 5), extensions), may_repeat=True)

    def test_a_reply_without_an_end(self):
        self.misbehave(BadPeer(at("ehlo", b"250-" + b"x" * 1_000_000)))

    def test_it_says_nothing_at_all(self):
        self.misbehave(BadPeer(at("greeting", b"")))

    def test_it_answers_a_byte_now_and_then(self):
        self.misbehave(BadPeer(at("mail", lambda connection: connection.drip(b"250 2.1.0 ok, in its own time\r\n"))),
                       may_repeat=True)

    def test_it_answers_late_but_well(self):
        def slow(stage, connection):
            if stage in ("bdat", "message"):
                time.sleep(0.05)

        before, _, _ = self.misbehave(BadPeer(slow))
        self.assertEqual(before["delivered"], READERS)


class ClosingTest(BadPeerTest):
    def test_it_hangs_up(self):
        for stage in ("greeting", "ehlo", "mail", "rcpt", "bdat"):
            with self.subTest(stage=stage):
                self.fresh()
                every = 1 if stage in ("greeting", "ehlo") else 4
                self.misbehave(BadPeer(some(stage, HANG_UP, every)), may_repeat=True)

    def test_it_hangs_up_around_data(self):
        for stage in ("data", "message"):
            for extensions in WAYS[1:]:
                with self.subTest(stage=stage, extensions=extensions):
                    self.fresh()
                    self.misbehave(BadPeer(some(stage, HANG_UP, 4), extensions), may_repeat=True)


class PromiseTest(BadPeerTest):
    """It says that it can what it cannot."""

    def test_chunking(self):
        self.misbehave(BadPeer(at("bdat", b"500 5.5.1 what is BDAT\r\n")))

    def test_pipelining(self):
        def forgets(stage, connection):
            """Throws away what came before it asked."""
            if stage == "mail":
                connection.unread = b""

        self.misbehave(BadPeer(forgets, ("PIPELINING",)), may_repeat=True)


class TlsTest(BadPeerTest):
    def make_certificate(self, name):
        certificate, key = (self.newsroom.folder / f"{name}.{kind}" for kind in ("crt", "key"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}"]
            + ["-addext", f"subjectAltName=DNS:{name}", "-out", certificate, "-keyout", key],
            check=True,
            capture_output=True,
        )
        return certificate, key

    def test_a_certificate_for_another_name(self):
        for scheme, parameters in (("smtps", ""), ("smtp", "?starttls=required")):
            with self.subTest(scheme=scheme):
                self.fresh()
                certificate, key = self.make_certificate("elsewhere.example.org")
                context = mail_server.server_context(certificate, key)
                peer = self.use(BadPeer(context=context, implicit_tls=scheme == "smtps"))
                self.relay_to(peer, scheme, parameters, ca_file=str(certificate))
                daemon = self.serve()
                self.newsroom.drop("harbour.txt", support.page("Harbour fees doubled"))
                self.assertEqual(daemon.wait_for("channel.paused").fields["reason"], "tls")
                total = self.check_books(peer)
                self.assertEqual((total["queued"], peer.accepted), (READERS, []))
                daemon.stop()

    def test_plaintext_behind_starttls(self):
        certificate, key = mail_server.make_certificate(self.newsroom.folder)
        password = str(self.newsroom.write("password", "correct horse\n", mode=0o600))
        # What is said before TLS begins is nobody's word: it must not be taken for an answer within.
        injected = b"220 go ahead\r\n250-relay.example.org\r\n250 AUTH PLAIN LOGIN\r\n"
        peer = BadPeer(at("starttls", injected), context=mail_server.server_context(certificate, key))
        peer = self.use(peer)
        self.relay_to(peer, "smtp", "?starttls=required", host="relay@127.0.0.1", ca_file=str(certificate),
                      password_file=password)
        daemon = self.serve()
        self.newsroom.drop("harbour.txt", support.page("Harbour fees doubled"))
        daemon.wait_for("channel.paused")
        total = self.check_books(peer)
        self.assertEqual((total["queued"], peer.accepted), (READERS, []))
        self.assertFalse([command for command in peer.commands if command.startswith("AUTH")])
        daemon.stop()


if __name__ == "__main__":
    support.main()
