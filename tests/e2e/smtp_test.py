"""E-mail to a relay that is not ours (aiosmtpd): TLS, login, refusals, and a relay that hangs up at the worst time."""

import json

import mail_server
import support
from mail_server import HANG_UP, MailServer

TITLE = "Hafen: the harbour – 港 – opens"


class SmtpTest(support.NewsroomTest):
    def use_relay(self, server, scheme="smtp", user="", parameters="", **email):
        at = f"{user}@" if user else ""
        relay = f"{scheme}://{at}127.0.0.1:{server.port}{parameters}"
        config = support.config(relay)
        config["channels"]["email"] |= email
        self.newsroom.configure(config)

    def publish(self, name="story.txt", title=TITLE, *paragraphs):
        self.newsroom.drop(name, support.page(title, *paragraphs))

    def books(self):
        """How many were delivered and are queued, and why which failed."""
        total = self.totals()
        return total["delivered"], total["queued"], total["failed"]


class PlainTest(SmtpTest):
    def test_each_reader_gets_a_mail_of_her_own(self):
        server = self.use(MailServer())
        self.use_relay(server)
        daemon = self.serve()
        self.publish()
        received = server.wait_for(2)
        daemon.wait_for("delivery.sent", count=2)
        daemon.stop()
        self.assertEqual({each.recipient for each in received}, {"amara@example.org", "bruno@example.org"})
        self.assertEqual({each.sender for each in received}, {"alerts@courier.example.org"})
        for each in received:
            self.assertEqual(each.mail["To"].addresses[0].addr_spec, each.recipient)
            self.assertEqual(each.mail["Subject"], TITLE)
            self.assertEqual(each.mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
            self.assertFalse(each.mail.defects)
        self.assertEqual(len({each.mail["List-Unsubscribe"] for each in received}), 2)
        self.assertEqual(self.books(), (2, 0, {}))

    def test_text_that_looks_like_smtp_arrives_as_text(self):
        server = self.use(MailServer())
        self.use_relay(server)
        self.serve()
        hostile = [".", "..two dots", "QUIT", "a line\r.\r\nMAIL FROM:<x@example.org>", "From here: é, 港, 🚢"]
        story = {"id": "s1", "title": "harbour\r\nBcc: x@example.org", "body_text": "\n\n".join(hostile)}
        self.newsroom.drop("story.json", json.dumps(story))
        for each in server.wait_for(2):
            self.assertEqual(each.mail["Subject"], "harbour Bcc: x@example.org")
            self.assertIsNone(each.mail["Bcc"])
            plain = each.mail.get_body(("plain",)).get_content().splitlines()
            for line in ("..two dots", "QUIT", "From here: é, 港, 🚢"):
                self.assertIn(line, plain)
        self.assertEqual(len(server.received), 2)

    def test_connections_are_kept(self):
        server = self.use(MailServer())
        self.use_relay(server, connections=1)
        daemon = self.serve()
        for number in range(5):
            self.publish(f"{number}.txt", f"Harbour news, part {number}")
        daemon.wait_for("delivery.sent", count=10)
        daemon.stop()
        self.assertEqual((len(server.received), server.connections), (10, 1))


class InternationalTest(SmtpTest):
    """Addresses beyond ASCII (RFC 6531), of readers and of the newsroom"""

    def deliver(self, **options):
        server = self.use(MailServer(**options))
        config = support.config(f"smtp://127.0.0.1:{server.port}")
        config["channels"]["email"]["from"] = "news@bücher.example"
        config["subscribers"] = [support.reader("jörg", id="joerg", email="jörg@bücher.example"), support.reader("amara")]
        self.newsroom.configure(config)
        return server, self.serve()

    def test_they_are_sent_to_a_relay_that_takes_them(self):
        server, daemon = self.deliver(enable_SMTPUTF8=True)
        self.publish()
        daemon.wait_for("delivery.sent", count=2)
        mails = {each.recipient: each for each in server.received}
        self.assertEqual(set(mails), {"jörg@xn--bcher-kva.example", "amara@example.org"})
        for each in mails.values():
            self.assertEqual(each.sender, "news@xn--bcher-kva.example")
            self.assertIn("@xn--bcher-kva.example", each.mail["Message-ID"])
        self.assertIn("jörg@xn--bcher-kva.example".encode(), mails["jörg@xn--bcher-kva.example"].content)
        self.assertEqual(self.books(), (2, 0, {}))

    def test_a_relay_without_them_gets_the_others(self):
        server, daemon = self.deliver()
        self.publish()
        daemon.wait_for("delivery.sent")
        daemon.wait_for("delivery.ended", reason="no-smtputf8")
        self.assertEqual([each.recipient for each in server.received], ["amara@example.org"])
        self.assertEqual(self.books(), (1, 0, {"no-smtputf8": 1}))


class SecureTest(SmtpTest):
    def setUp(self):
        super().setUp()
        self.certificate, key = mail_server.make_certificate(self.newsroom.folder)
        self.context = mail_server.server_context(self.certificate, key)
        self.password = str(self.newsroom.write("password", "correct horse\n", mode=0o600))
        self.login = {"login": ("amara relay", "correct horse"), "auth_required": True}
        self.starttls = {"tls_context": self.context, "require_starttls": True}

    def test_starttls_and_login(self):
        server = self.use(MailServer(**self.starttls, **self.login))
        trust = {"ca_file": str(self.certificate), "password_file": self.password}
        self.use_relay(server, user="amara%20relay", parameters="?starttls=required", **trust)
        daemon = self.serve()
        self.publish()
        daemon.wait_for("delivery.sent", count=2)
        self.assertTrue(all(each.tls and each.user == "amara relay" for each in server.received))
        self.assertEqual(len(server.received), 2)

    def test_a_password_that_changes_in_its_file_is_used_by_the_next_connection(self):
        server = self.use(MailServer(**self.starttls, **self.login))
        trust = {"ca_file": str(self.certificate), "password_file": self.password, "messages_per_connection": 1}
        self.use_relay(server, user="amara%20relay", parameters="?starttls=required", **trust)
        daemon = self.serve()
        self.publish()
        daemon.wait_for("delivery.sent", count=2)
        server.change_login(("amara relay", "battery staple"))
        self.newsroom.write("password", "battery staple\n", mode=0o600)
        self.publish("second.txt", "Another harbour opens")
        daemon.wait_for("delivery.sent", count=4)
        self.assertEqual(len(server.received), 4)
        daemon.stop()
        self.assertNotIn("battery staple", daemon.log)

    def test_tls_from_the_first_byte(self):
        server = self.use(MailServer(implicit_tls=self.context, auth_require_tls=False, **self.login))
        trust = {"ca_file": str(self.certificate), "password_file": self.password}
        self.use_relay(server, scheme="smtps", user="amara%20relay", **trust)
        daemon = self.serve()
        self.publish()
        daemon.wait_for("delivery.sent", count=2)
        self.assertTrue(all(each.tls and each.user == "amara relay" for each in server.received))

    def test_a_wrong_password_stops_the_channel_and_loses_nothing(self):
        server = self.use(MailServer(**self.starttls, **self.login))
        wrong = str(self.newsroom.write("wrong", "battery staple", mode=0o600))
        self.use_relay(server, user="amara%20relay", ca_file=str(self.certificate), password_file=wrong)
        daemon = self.serve()
        self.publish()
        paused = daemon.wait_for("channel.paused", channel="email")
        self.assertIn("535", paused.fields["reply"] + paused.fields["reason"])
        daemon.wait_for("delivery.retry", count=2)
        daemon.stop()
        self.assertNotIn("battery staple", daemon.log)
        self.assertEqual((server.received, self.books()), ([], (0, 2, {})))

    def test_an_untrusted_certificate_gets_no_password(self):
        server = self.use(MailServer(**self.starttls, **self.login))
        self.use_relay(server, user="amara%20relay", parameters="?starttls=required", password_file=self.password)
        daemon = self.serve()
        self.publish()
        self.assertEqual(daemon.wait_for("channel.paused").fields["reason"], "tls")
        daemon.wait_for("delivery.retry", count=2)
        self.assertEqual((server.received, self.books()), ([], (0, 2, {})))


class RefusalTest(SmtpTest):
    """The relay refuses amara, in one way or another; bruno is served all the same."""

    def deliver(self, recipient_reply=None, message_reply=None):
        self.server = self.use(MailServer(recipient_reply, message_reply))
        self.use_relay(self.server)
        self.daemon = self.serve()
        self.publish()
        self.daemon.wait_for("delivery.sent", subscriber="bruno")

    def try_again(self):
        """Makes as if a minute had passed."""
        self.daemon.wait_for("delivery.retry", subscriber="amara")
        self.daemon.stop()
        self.assertEqual(self.books(), (1, 1, {}))
        self.newsroom.let_retries_be_due()
        self.daemon = self.serve()
        self.daemon.wait_for("delivery.sent", subscriber="amara")
        self.daemon.stop()
        self.assertEqual(self.books(), (2, 0, {}))

    def received_by(self, name):
        return [each.mail for each in self.server.received if each.recipient == f"{name}@example.org"]

    def once(self, reply):
        """Answers amara so the first time only."""
        replies = [reply]

        def answer(to):
            recipient = to if isinstance(to, str) else to.recipient
            return replies.pop() if replies and recipient.startswith("amara") else None

        return answer

    def test_refused_for_good(self):
        self.deliver(lambda to: "550 5.1.1 no such mailbox" if to.startswith("amara") else None)
        ended = self.daemon.wait_for("delivery.ended", subscriber="amara")
        self.assertEqual((ended.fields["as"], ended.fields["attempts"]), ("failed", "1"))
        self.assertIn("no such mailbox", ended.fields["reply"])
        self.daemon.stop()
        delivered, queued, failed = self.books()
        self.assertEqual((delivered, queued, sum(failed.values())), (1, 0, 1))
        fates = self.newsroom.run_json("explain", self.newsroom.stories / "story.txt", "amara")["ledger"]
        self.assertIn("no such mailbox", fates[0]["reply"])

    def test_refused_for_now(self):
        self.deliver(self.once("451 4.7.1 greylisted"))
        self.try_again()
        self.assertEqual((len(self.received_by("amara")), len(self.received_by("bruno"))), (1, 1))

    def test_the_service_closes(self):
        self.deliver(self.once("421 4.3.2 shutting down"))
        self.try_again()
        self.assertEqual((len(self.received_by("amara")), len(self.received_by("bruno"))), (1, 1))

    def test_full_mailbox_is_no_refusal_for_good(self):
        self.deliver(self.once("552 5.2.2 mailbox full"))
        self.try_again()
        self.assertEqual(len(self.received_by("amara")), 1)

    def test_hung_up_after_the_message_was_sent(self):
        self.deliver(message_reply=self.once(HANG_UP))
        self.assertEqual(self.daemon.wait_for("delivery.retry").fields["subscriber"], "amara")
        self.try_again()
        first, second = self.received_by("amara")
        self.assertEqual(first["Message-ID"], second["Message-ID"])
        self.assertEqual(first.as_bytes(), second.as_bytes())
        self.assertEqual(len(self.received_by("bruno")), 1)

    def test_hung_up_before_the_message(self):
        self.deliver(self.once(HANG_UP))
        self.try_again()
        self.assertEqual(len(self.received_by("amara")), 1)


if __name__ == "__main__":
    support.main()
