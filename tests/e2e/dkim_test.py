"""Signed mail, checked by a verifier that shares no code with ours (dkimpy), and the commands about it."""

import json
import signal
import stat

import dkim
import support
from mail_server import HANG_UP, MailServer

DOMAIN = "courier.example.org"


class DkimTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.records = {}

    def make_key(self, selector, *more):
        """Makes a key, publishes its record and returns what is configured for it."""
        words = ["--selector", selector, "--domain", DOMAIN, "--out", f"{selector}.pem", *more]
        made = self.newsroom.run_json("dkim", "keygen", *words)
        self.assertEqual("".join(made["texts"]), made["value"])
        self.assertLessEqual(max(map(len, made["texts"])), 255)
        self.records[made["name"]] = made["value"]
        return {"selector": selector, "key_file": made["file"]}

    def configure(self, signing, server=None):
        relay = f"smtp://127.0.0.1:{server.port}?starttls=off" if server else "maildir:var/mail"
        config = support.config(relay)
        # The reader's name and link in the middle of the mail, beside white space that signing leaves out.
        templates = self.newsroom.folder / "templates"
        templates.mkdir(exist_ok=True)
        for shipped in (support.ROOT / "templates").iterdir():
            text = shipped.read_text()
            if shipped.name == "alert.txt.mustache":
                text = "Dear {{reader_name}},  \n\n \n{{unsubscribe_url}}\n" + text + "\n\n"
            if shipped.name == "_masthead.html.mustache":
                text += "<p>\t{{reader_name}}  </p>\n\n"
            (templates / shipped.name).write_text(text)
        config["templates"] = str(templates)
        names = {"amara": "Amara", "bruno": "Çağrı  Ọláwálé"}
        config["subscribers"] = [support.reader(reader) | {"name": name} for reader, name in names.items()]
        if signing:
            config["channels"]["email"]["dkim"] = signing
        self.newsroom.configure(config)

    def answer(self, name, timeout=5):
        """The DNS as dkimpy asks it."""
        value = self.records.get(name.decode().rstrip("."))
        return value.encode() if value else None

    def verify(self, content):
        """Whether each signature is good, as dkimpy sees it."""

        def is_good(index):
            try:
                return dkim.DKIM(content).verify(idx=index, dnsfunc=self.answer)
            except dkim.ValidationError:
                return False

        signatures = support.read_mail(content).get_all("DKIM-Signature", [])
        return [is_good(index) for index in range(len(signatures))]


class SendingTest(DkimTest):
    def test_each_reader_gets_a_mail_that_verifies(self):
        server = self.use(MailServer())
        second = self.make_key("e1", "--type", "ed25519")
        self.configure({"domain": DOMAIN, **self.make_key("s1"), "ed25519": second}, server)
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("Hafen: the harbour – 港 – opens"))
        received = server.wait_for(2)
        daemon.stop()
        for each in received:
            self.assertEqual(self.verify(each.content), [True, True])
            algorithms = [field.split()[1] for field in each.mail.get_all("DKIM-Signature")]
            self.assertEqual(algorithms, ["a=rsa-sha256;", "a=ed25519-sha256;"])
            for what in (b"opens", b"List-Unsubscribe=One-Click"):
                changed = each.content.replace(what, what[::-1])
                self.assertNotEqual(changed, each.content)
                self.assertEqual(self.verify(changed), [False, False])
            self.assertEqual(self.verify(b"Received: by relay.example.org\r\n" + each.content), [True, True])
            self.newsroom.write("received.eml", each.content)
            checked = self.newsroom.run_json("dkim", "check", "received.eml")
            self.assertEqual([verdict["result"] for verdict in checked], ["pass", "pass"])

    def test_a_repeat_has_the_same_signature(self):
        hang_ups = [HANG_UP]
        server = self.use(MailServer(message_reply=lambda received: hang_ups.pop() if hang_ups else None))
        self.configure({"domain": DOMAIN, **self.make_key("s1")}, server)
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("The harbour opens"))
        daemon.wait_for("delivery.retry")
        daemon.wait_for("delivery.sent")
        daemon.stop()
        self.newsroom.let_retries_be_due()
        self.serve()
        received = server.wait_for(3)
        self.assertEqual(len({each.content for each in received}), 2)

    def test_a_reload_takes_another_key_over(self):
        server = self.use(MailServer())
        daemon = None
        keys = [{"domain": DOMAIN, **self.make_key(selector)} for selector in ("s1", "s2")]
        for count, signing in enumerate((*keys, None)):
            self.configure(signing, server)
            if daemon is None:
                daemon = self.serve()
            else:
                daemon.signal(signal.SIGHUP)
                daemon.wait_for("config.reloaded", count=count)
            self.newsroom.drop(f"{count}.txt", support.page(f"The harbour opens, part {count}"))
            for each in server.wait_for(2 * count + 2)[2 * count :]:
                self.assertEqual(self.verify(each.content), [True] if signing else [])
                if signing:
                    self.assertIn(f"s={signing['selector']};", each.mail["DKIM-Signature"])
        self.assertEqual(daemon.events("config.restart_needed"), [])


class CommandTest(DkimTest):
    def test_a_key_is_its_owners_alone_and_never_overwritten(self):
        words = ["dkim", "keygen", "--selector", "s1", "--domain", DOMAIN, "--out", "s1.pem"]
        record = self.newsroom.run(*words)
        self.assertIn(f"\ns1._domainkey.{DOMAIN}. IN TXT \"v=DKIM1; k=rsa; p=", record)
        file = self.newsroom.folder / "s1.pem"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        key = file.read_text()
        self.assertTrue(key.startswith("-----BEGIN PRIVATE KEY-----\n"))
        self.newsroom.run(*words, code=74)
        self.assertEqual(file.read_text(), key)
        self.newsroom.run("dkim", "keygen", "--selector", "s1", "--domain", DOMAIN, code=64)
        self.newsroom.run(*words[:-1], "other.pem", "--type", "dsa", code=64)
        self.newsroom.run("dkim", "sign", code=64)

    def test_the_record_of_a_key_is_printed_again(self):
        key = ["--selector", "s1", "--domain", DOMAIN]
        record = self.newsroom.run("dkim", "keygen", *key, "--out", "s1.pem")
        self.assertEqual(self.newsroom.run("dkim", "record", *key, "--key-file", "s1.pem"), record)
        second = self.make_key("e1", "--type", "ed25519")
        self.configure({"domain": DOMAIN, "selector": "s1", "key_file": "s1.pem", "ed25519": second})
        shown = self.newsroom.run("dkim", "record")
        self.assertIn(record.partition("\n")[2], shown)
        self.newsroom.write("published.txt", shown)
        listed = self.newsroom.run_json("dkim", "record")
        self.assertEqual(listed[1]["value"], self.records[f"e1._domainkey.{DOMAIN}"])
        self.assertEqual([each["name"].partition(".")[0] for each in listed], ["s1", "e1"])

        self.newsroom.run("dkim", "record", *key, code=64)
        self.newsroom.run("dkim", "record", *key, "--key-file", "nowhere.pem", code=66)
        self.newsroom.run("dkim", "record", *key, "--key-file", "published.txt", code=66)  # others may read it
        (self.newsroom.folder / "published.txt").chmod(0o600)
        self.newsroom.run("dkim", "record", *key, "--key-file", "published.txt", code=65)
        self.configure(None)
        self.newsroom.run("dkim", "record", code=78)

    def test_a_preview_is_signed_and_can_be_checked_with_the_published_record(self):
        words = ["dkim", "keygen", "--selector", "s1", "--domain", DOMAIN, "--out", "s1.pem"]
        self.newsroom.write("record.txt", self.newsroom.run(*words))
        self.configure({"domain": DOMAIN, "selector": "s1", "key_file": "s1.pem"})
        self.newsroom.write("story.txt", support.page("The harbour opens"))
        self.newsroom.run("preview", "story.txt", "--to", "amara", "--out", "out")
        mail = (self.newsroom.folder / "out/email.eml").read_bytes()
        checked = self.newsroom.run("dkim", "check", "out/email.eml")
        self.assertEqual(checked, f"pass    d={DOMAIN} s=s1 a=rsa-sha256\n")
        self.newsroom.run("dkim", "check", "out/email.eml", "--key", "record.txt")
        self.newsroom.write("unix.eml", mail.replace(b"\r\n", b"\n"))
        self.newsroom.run("dkim", "check", "unix.eml", "--key", "record.txt")

        self.newsroom.write("changed.eml", mail.replace(b"harbour", b"HARBOUR"))
        self.assertIn("fail", self.newsroom.run("dkim", "check", "changed.eml", code=1))
        self.newsroom.write("unsigned.eml", b"From: a@example.org\r\n\r\nHello\r\n")
        checked = self.newsroom.run("dkim", "check", "unsigned.eml", code=1)
        self.assertEqual(checked, "the mail is not signed\n")
        self.make_key("s2")
        self.newsroom.write("other.txt", json.dumps(self.records[f"s2._domainkey.{DOMAIN}"]))
        self.newsroom.run("dkim", "check", "out/email.eml", "--key", "other.txt", code=1)

        self.newsroom.run("dkim", "check", "nowhere.eml", code=66)
        self.newsroom.run("dkim", "check", "out/email.eml", "--key", "nowhere.txt", code=66)
        self.newsroom.run("dkim", "check", "out/email.eml", "--key", "story.txt", code=65)
        self.newsroom.write("empty.eml", b"no mail")
        self.newsroom.run("dkim", "check", "empty.eml", code=65)
        self.configure(None)
        self.newsroom.run("dkim", "check", "out/email.eml", code=78)


if __name__ == "__main__":
    support.main()
