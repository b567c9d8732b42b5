"""Relays that misbehave in every way they can: the books balance meanwhile, nothing is called delivered that the relay
did not take, and when it is honest again everybody has the mail, and the next story too."""

import collections
import itertools
import re
import subprocess
import threading
import time

import mail_server
import support
from bad_peer import HANG_UP, BadPeer, Says

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


def first_of(*ways):
    """Misbehaves in the first of these ways that applies."""

    def misbehave(stage, connection):
        answers = (way(stage, connection) for way in ways)
        return next((answer for answer in answers if answer is not None), None)

    return misbehave


def at_command(verb, word, answer):
    """Answers so to this command when it has this word."""

    def misbehave(_, connection):
        return answer if connection.line.startswith(verb) and word in connection.line.split() else None

    return misbehave


def with_parameter(parameter, answer):
    """Answers so to a MAIL that has this parameter."""

    def misbehave(stage, connection):
        return answer if stage == "mail" and b" " + parameter in connection.line else None

    return misbehave


def too_late(stage, text=b"250 2.0.0 at last\r\n", every=1):
    """Answers at this stage, each `every`th time, when crier has hung up."""
    turn = some(stage, True, every)
    return lambda now, connection: connection.outwait(text) if turn(now, connection) else None


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

    def check_books(self, peer, stories=1):
        total = self.totals()  # which fails when they do not balance
        with peer.lock:
            taken = set(peer.accepted)
        ended = sum(sum(total[how].values()) for how in ("suppressed", "failed"))
        self.assertEqual(total["matched"], stories * READERS)
        self.assertEqual(total["delivered"] + total["queued"] + ended, total["matched"])
        self.assertLessEqual(total["delivered"], len(taken))
        self.assertIn("The books balance.", self.newsroom.run("ledger"))
        return total

    def check_shown(self, total):
        """While nothing is sent: the line of the only story says the same."""
        columns = [READERS, total["delivered"], 0, total["queued"], sum(total["failed"].values())]
        line = self.newsroom.run("ledger").splitlines()[1]
        self.assertEqual(line.split()[:6], [*map(str, columns), "balanced"])

    def misbehave(self, peer, may_repeat=False, fails=False, title="Harbour fees doubled", **relay):
        """The story is sent to the bad relay, and then, for what is still owed, to the same one mended. Gives the books
        before and after that, and the daemon that knew the bad one."""
        peer = self.use(peer)
        self.relay_to(peer, **relay)
        daemon = self.serve()
        self.newsroom.drop("harbour.txt", support.page(title))

        def has_tried():
            ended = daemon.events("delivery.ended") + daemon.events("delivery.retry") + daemon.events("delivery.sent")
            return len(ended) >= READERS or daemon.events("channel.paused") or daemon.events("domain.paused")

        support.eventually(has_tried, "every reader was tried, or the channel paused, or their domain")
        self.check_books(peer)
        daemon.stop()
        before = self.check_books(peer)
        self.check_shown(before)
        peer.is_honest = True
        self.newsroom.let_retries_be_due()
        self.relay_to(peer, **relay | {"timeout": "30s"})
        mended = self.serve()
        support.eventually(lambda: self.totals()["queued"] == 0, "nothing is owed any more")
        after = self.check_books(peer)
        self.check_shown(after)
        failed = sum(after["failed"].values())
        self.assertEqual(after["delivered"] + failed, READERS)
        self.assertEqual(failed > 0, fails, after["failed"])
        times = collections.Counter(each.recipient for each in peer.accepted)
        ids = collections.defaultdict(set)
        for each in peer.accepted:
            ids[each.recipient].add(each.message_id)
        self.assertTrue(all(len(its) == 1 for its in ids.values()))  # a repeat is known by its Message-ID
        self.assertLessEqual(max(times.values(), default=1), 2 if may_repeat else 1)
        self.assertGreaterEqual(len(times), after["delivered"])
        self.check_it_goes_on(peer, after["delivered"])
        mended.stop()
        return before, after, daemon

    def check_it_goes_on(self, peer, delivered):
        """The next story reaches everybody, once."""
        seen = len(peer.accepted)
        self.newsroom.drop("second.txt", support.page("Harbour fees halved"))
        support.eventually(lambda: self.totals()["delivered"] >= delivered + READERS, "all have the second story")
        self.check_books(peer, stories=2)
        everybody = sorted(f"r{i}@example.org" for i in range(READERS))
        self.assertEqual(sorted(each.recipient for each in peer.accepted[seen:]), everybody)

    def check_held(self, before, daemon, reason, reply, paused="channel.paused"):
        """Nobody had anything, the channel rests or the readers' domain, and its log line says why."""
        self.assertEqual((before["delivered"], before["queued"]), (0, READERS))
        paused = daemon.wait_for(paused)
        self.assertEqual(paused.fields["reason"], reason)
        self.assertIn(reply, paused.fields["reply"])


class RefusalTest(BadPeerTest):
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

    def test_it_blames_us_for_good(self):
        """What speaks of the sender ends nobody's mail: the channel rests, and says what the relay said. Said of one
        reader it may be her wish, or her domain's: then that rests."""
        refuses_ehlo = first_of(at("ehlo", b"550 5.7.1 not you\r\n"), at("helo", b"550 5.7.1 not you\r\n"))
        last = at_command(b"BDAT", b"LAST", b"550 5.7.1 not you\r\n")
        for name, way, misbehave in (
            ("greeting", 0, at("greeting", b"554 5.7.1 not you\r\n")),
            ("ehlo", 0, refuses_ehlo),
            ("mail in a window", 0, at("mail", b"550 5.7.1 not you\r\n")),
            ("mail, overlapped", 1, at("mail", b"553 5.7.1 not you\r\n")),
            ("mail, one by one", 2, at("mail", b"554 5.7.1 not you\r\n")),
            ("rcpt", 0, at("rcpt", b"550 5.7.1 not you\r\n")),
            ("data", 1, at("data", b"550 5.7.1 not you\r\n")),
            ("message", 2, at("message", b"550 5.7.1 not you\r\n")),
            ("the last chunk", 0, last),
        ):
            with self.subTest(name):
                self.fresh()
                before, _, daemon = self.misbehave(BadPeer(misbehave, WAYS[way]))
                is_of_reader = name in ("rcpt", "data", "message", "the last chunk")
                rests = "domain.paused" if is_of_reader else "channel.paused"
                self.check_held(before, daemon, "smtp-5.7.1", "not you", rests)

    def test_it_refuses_the_message_for_good(self):
        last = at_command(b"BDAT", b"LAST", b"554 5.6.0 not this\r\n")
        for name, way, reason, misbehave in (
            ("mail", 1, "smtp-5.3.4", at("mail", b"552 5.3.4 too big\r\n")),
            ("data, overlapped", 1, "smtp-5.6.0", at("data", b"554 5.6.0 not this\r\n")),
            ("data, one by one", 2, "smtp-5.6.0", at("data", b"554 5.6.0 not this\r\n")),
            ("message", 1, "smtp-5.6.0", at("message", b"554 5.6.0 not this\r\n")),
            ("the last chunk", 0, "smtp-5.6.0", last),
        ):
            with self.subTest(name):
                self.fresh()
                before, after, _ = self.misbehave(BadPeer(misbehave, WAYS[way]), fails=True)
                self.assertEqual((before["delivered"], before["failed"], after), (0, {reason: READERS}, before))
                self.assertIn(f"{READERS}  failed: {reason}", self.newsroom.run("ledger"))
                [fate] = [each for each in self.newsroom.run_json("ledger", "--subscriber", "r3")["deliveries"]
                          if each["state"] == "failed"]
                self.assertIn("not this" if reason == "smtp-5.6.0" else "too big", fate["reply"])

    def test_it_refuses_without_saying_why(self):
        """A bare 554 may be anything, an outage also: nobody is given up for it."""
        last = at_command(b"BDAT", b"LAST", b"554 no\r\n")
        for name, way, misbehave in (
            ("rcpt", 0, at("rcpt", b"554 no\r\n")),
            ("data", 1, at("data", b"554 no\r\n")),
            ("data unknown", 2, at("data", b"502 5.5.1 what\r\n")),
            ("message", 2, at("message", b"554 no\r\n")),
            ("the last chunk", 0, last),
        ):
            with self.subTest(name):
                self.fresh()
                before, _, daemon = self.misbehave(BadPeer(misbehave, WAYS[way]))
                self.assertEqual((before["delivered"], before["queued"]), (0, READERS))
                self.assertEqual(len(daemon.events("delivery.retry")), READERS)


class ReplyTest(BadPeerTest):
    def test_it_knows_no_ehlo(self):
        before, _, _ = self.misbehave(BadPeer(at("ehlo", b"502 5.5.1 what\r\n")))
        self.assertEqual(before["delivered"], READERS)

    def test_it_knows_no_rset(self):
        some_later = some("rcpt", b"450 4.2.1 later\r\n")
        peer = BadPeer(first_of(some_later, at("rset", b"502 5.5.1 what\r\n")), WAYS[1])
        before, _, daemon = self.misbehave(peer)
        self.assertGreater(before["delivered"], 0)
        self.assertTrue(any(command == "RSET" for command in peer.commands))
        self.assertFalse(daemon.events("channel.paused"))

    def test_it_knows_no_rset_in_a_window(self):
        peer = BadPeer(at("rset", b"502 5.5.1 what\r\n"))
        before, _, _ = self.misbehave(peer)
        self.assertTrue(any(command == "RSET" for command in peer.commands))
        self.assertEqual(before["delivered"], READERS)

    def test_the_same_daemon_goes_on_when_it_is_told(self):
        peer = self.use(BadPeer(at("mail", b"550 5.7.1 not you\r\n")))
        self.relay_to(peer)
        daemon = self.serve()
        self.newsroom.drop("harbour.txt", support.page("Harbour fees doubled"))
        daemon.wait_for("delivery.retry")
        daemon.wait_for("channel.paused")
        shown = self.newsroom.run("outbox", "list")
        self.assertIn("smtp-5.7.1", shown)
        peer.is_honest = True
        self.newsroom.run("outbox", "retry", "channel", "email", "--why", "they have let us in again")
        support.eventually(lambda: self.totals()["delivered"] == READERS, "everybody has it")
        self.check_books(peer)
        self.check_it_goes_on(peer, READERS)
        daemon.stop()

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


class LateTest(BadPeerTest):
    """It answers when nobody waits any longer."""

    def test_before_anything_was_sent_as_a_whole(self):
        for stage, way in (("greeting", 0), ("ehlo", 0), ("mail", 0), ("mail", 2), ("rcpt", 1), ("rcpt", 2),
                           ("data", 1), ("bdat", 0)):
            with self.subTest(stage=stage, way=WAYS[way]):
                self.fresh()
                text = b"354 at last\r\n" if stage == "data" else b"250 2.0.0 at last\r\n"
                before, _, daemon = self.misbehave(BadPeer(too_late(stage, text), WAYS[way]), timeout="1s")
                heard = {"ehlo": "hello", "rcpt": "recipient", "bdat": "data"}.get(stage, stage)
                self.check_held(before, daemon, "timeout", f"no reply to {heard}: timed out")

    def test_to_rset(self):
        before, _, daemon = self.misbehave(BadPeer(too_late("rset")), timeout="1s", may_repeat=True)
        self.assertGreater(before["delivered"], 0)
        self.assertTrue(daemon.events("delivery.retry", reason="timeout"))

    def test_to_quit(self):
        before, _, _ = self.misbehave(BadPeer(too_late("quit")))
        self.assertEqual(before["delivered"], READERS)

    def test_it_took_the_message(self):
        """Nobody can know that it did: better twice than not at all, and the books call it queued until then."""
        for stage, way in (("message", 1), ("message", 2), ("bdat", 0)):
            with self.subTest(stage=stage, way=WAYS[way]):
                self.fresh()
                late = too_late(stage, every=8)
                is_last = first_of(at_command(b"BDAT", b"LAST", True), at("message", True))
                peer = BadPeer(lambda now, connection: late(now, connection) if is_last(now, connection) else None,
                               WAYS[way])
                before, _, daemon = self.misbehave(peer, timeout="2s", may_repeat=True)
                self.assertGreater(before["queued"], 0)
                self.assertEqual(before["delivered"] + before["queued"], READERS)
                self.assertTrue(daemon.events("delivery.retry", reason="timeout"))
                repeats = [each for each, times in collections.Counter(peer.accepted).items() if times > 1]
                self.assertGreater(len(repeats), 0)
                self.assertLessEqual(len(repeats), before["queued"])


class OrderTest(BadPeerTest):
    """It answers something else than it was asked."""

    def test_a_wrong_kind_of_yes(self):
        for stage, way, agrees in (("mail", 0, True), ("mail", 1, True), ("mail", 2, True), ("rcpt", 0, True),
                                   ("data", 1, False), ("data", 1, True), ("data", 2, False), ("data", 2, True)):
            reply = b"250 fine\r\n" if stage == "data" else b"354 go ahead\r\n"
            with self.subTest(stage=stage, way=WAYS[way], agrees=agrees):
                self.fresh()
                before, _, daemon = self.misbehave(BadPeer(at(stage, Says(reply, agrees)), WAYS[way]))
                self.check_held(before, daemon, "desync", "unexpected reply: " + reply.decode().strip())

    def swap(self, refused):
        """The reply to RCPT comes before MAIL's."""

        def misbehave(stage, connection):
            if stage == "mail":
                return Says(b"", True)
            if stage != "rcpt":
                return None
            if re.search(refused, connection.line):
                return Says(b"550 5.1.1 nobody\r\n250 2.1.0 sender\r\n", False)
            return Says(b"250 2.1.5 recipient\r\n250 2.1.0 sender\r\n", True)

        return misbehave

    def test_the_recipient_before_the_sender(self):
        for way in WAYS[:2]:
            with self.subTest(way=way):
                self.fresh()
                peer = BadPeer(self.swap(rb"^$"), way)
                before, _, _ = self.misbehave(peer)
                self.assertEqual(before["delivered"], READERS)
        self.fresh()  # whoever sends one command at a time waits for the first reply
        before, _, daemon = self.misbehave(BadPeer(self.swap(rb"^$"), WAYS[2]), timeout="1s")
        self.check_held(before, daemon, "timeout", "no reply to mail")

    def test_a_refused_recipient_before_the_sender(self):
        """It looks as if the sender were refused: nobody is given up, and nobody else gets her mail."""
        for way in WAYS[:2]:
            with self.subTest(way=way):
                self.fresh()
                peer = BadPeer(self.swap(rb"<r\d*[02468]@"), way)
                before, _, daemon = self.misbehave(peer)
                self.assertEqual(before["delivered"] + before["queued"], READERS)
                self.assertIn("nobody", daemon.wait_for("channel.paused").fields["reply"])

    def test_a_reply_that_nobody_asked_for(self):
        for way, stages in zip(WAYS, (("mail", "rcpt", "bdat"), ("mail", "rcpt", "data", "message"),
                                      ("mail", "rcpt", "data", "message"))):
            for stage, every in itertools.product(stages, (1, 5)):
                with self.subTest(way=way, stage=stage, every=every):
                    self.fresh()
                    honest = b"354 go ahead\r\n" if stage == "data" else b"250 2.0.0 ok\r\n"
                    twice = some(stage, Says(honest + b"250 2.0.0 and this\r\n", True), every)
                    self.misbehave(BadPeer(twice, way), may_repeat=True)


class PromiseTest(BadPeerTest):
    """It says that it can what it cannot."""

    def test_size(self):
        extensions = (*BadPeer.extensions, "SIZE 10000000")
        for reply in (b"555 5.5.4 SIZE is unknown\r\n", b"501 5.5.4 SIZE is unknown\r\n"):
            with self.subTest(reply=reply):
                self.fresh()
                before, _, daemon = self.misbehave(BadPeer(with_parameter(b"SIZE=", reply), extensions))
                self.check_held(before, daemon, "smtp-5.5.4", "SIZE is unknown")

    def test_less_than_its_size(self):
        """It took as much at MAIL; what it says then is of this message."""
        peer = BadPeer(at("message", b"552 5.3.4 too big\r\n"), ("PIPELINING", "SIZE 10000000"))
        before, _, _ = self.misbehave(peer, fails=True)
        self.assertEqual(before["failed"], {"smtp-5.3.4": READERS})

    def test_starttls(self):
        for parameter, reply in itertools.product(
            ("required", "opportunistic"), (b"454 4.7.0 not now\r\n", b"502 5.5.1 not now\r\n")
        ):
            with self.subTest(parameter=parameter, reply=reply):
                self.fresh()
                certificate, key = mail_server.make_certificate(self.newsroom.folder)
                context = mail_server.server_context(certificate, key)
                peer = BadPeer(at("starttls", reply), context=context)
                sent_in_clear = []

                def watch(stage, connection, peer=peer, refuse=peer.misbehave, seen=sent_in_clear):
                    if stage == "mail":
                        seen.append(connection.line)
                    return refuse(stage, connection)

                peer.misbehave = watch
                before, _, daemon = self.misbehave(peer, parameters=f"?starttls={parameter}", ca_file=str(certificate))
                if parameter == "required":
                    self.assertEqual(sent_in_clear, [])
                    code = reply.decode().split()[1]
                    self.check_held(before, daemon, f"smtp-{code}", "not now")
                else:
                    self.assertEqual((before["delivered"], len(sent_in_clear)), (READERS, READERS))

    def test_a_login(self):
        for reply in (b"503 5.5.1 no login here\r\n", b"504 5.5.4 no login here\r\n"):
            with self.subTest(reply=reply):
                self.fresh()
                password = str(self.newsroom.write("password", "correct horse\n", mode=0o600))
                peer = BadPeer(at("auth", reply), (*BadPeer.extensions, "AUTH PLAIN LOGIN"))
                before, _, daemon = self.misbehave(peer, host="relay@127.0.0.1", password_file=password)
                self.check_held(before, daemon, "smtp-" + reply.decode().split()[1], "no login here")
                self.assertTrue(any(command.startswith("AUTH PLAIN ") for command in peer.commands))

    def test_eight_bits_and_utf8(self):
        """No mail needs them, whatever is in it: they are not asked for."""

        def takes_seven_bits(stage, connection):
            if stage == "mail" and re.search(rb"BODY=8|SMTPUTF8", connection.line):
                return b"555 5.5.4 what is that\r\n"
            if stage == "message" and re.search(rb"[^\x00-\x7f]", connection.message):
                return b"554 5.6.1 more than seven bits\r\n"
            return None

        peer = BadPeer(takes_seven_bits, ("PIPELINING", "8BITMIME", "SMTPUTF8"))
        before, _, _ = self.misbehave(peer, title="Der Hafen, the harbour – schön groß 港 🚢")
        self.assertEqual(before["delivered"], READERS)

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
