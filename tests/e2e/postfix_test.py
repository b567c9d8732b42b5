"""Every mail arrives once through Postfix, a relay that real newsrooms run. Its master starts as root only."""

import os
import pathlib
import pwd
import shutil
import signal
import smtplib
import subprocess
import tempfile
import unittest

import support
from mail_server import make_certificate

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
maillog_file = /dev/stdout
myhostname = relay.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_cert_file = {folder}/relay.crt
smtpd_tls_key_file = {folder}/relay.key
smtpd_tls_security_level = encrypt
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crier-e2e-"))
        self.folder.chmod(0o711)  # its parts run as other users
        self.port = support.free_port()
        self.certificate, _ = make_certificate(self.folder)
        nobody, postfix = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
        for name, owner in (("config", None), ("queue", None), ("data", postfix), ("mailboxes", nobody)):
            (self.folder / name).mkdir()
            if owner:
                os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        daemons = subprocess.run(["postconf", "-dh", "daemon_directory"], check=True, capture_output=True, text=True)
        values = {"folder": self.folder, "daemons": daemons.stdout.strip(), "uid": nobody.pw_uid}
        (self.folder / "config/main.cf").write_text(MAIN.format(gid=nobody.pw_gid, **values))
        (self.folder / "config/master.cf").write_text(MASTER.format(port=self.port))
        self.log = open(self.folder / "log", "w+", encoding="utf-8", errors="replace")
        command = ["postfix", "-c", self.folder / "config", "start-fg"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        support.eventually(self.answers, "Postfix answers")
        return self

    def __exit__(self, *_):
        try:
            # The command waits for its master, which ends its own children.
            if self.process.poll() is None:
                master = int((self.folder / "queue/pid/master.pid").read_text())
                os.kill(master, signal.SIGTERM)
            self.process.wait(support.PATIENCE)
        finally:
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Postfix has ended:\n{(self.folder / 'log').read_text()}")
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=support.PATIENCE):
                return True
        except OSError:
            return False

    def mails(self):
        arrived = self.folder / "mailboxes/all/new"
        if not arrived.exists():
            return []
        return [support.read_mail(path.read_bytes()) for path in arrived.iterdir()]


@unittest.skipUnless(os.geteuid() == 0, "Postfix starts as root only")
class PostfixTest(support.NewsroomTest):
    readers = [f"reader{number}" for number in range(40)]
    titles = ["Harbour news", "Der Hafen, the harbour – schön groß", "港 is the harbour 🚢"]

    def test_every_mail_arrives_once(self):
        postfix = self.use(Postfix())
        relay = f"smtp://127.0.0.1:{postfix.port}?starttls=required"
        config = support.config(relay, subscribers=[support.reader(name) for name in self.readers])
        config["channels"]["email"] |= {"ca_file": str(postfix.certificate), "connections": 4}
        self.newsroom.configure(config)
        daemon = self.serve()
        for number, title in enumerate(self.titles):
            story = support.page(title, "A line of text for all who read it.\n", ".", "..two dots")
            self.newsroom.drop(f"{number}.txt", story)
        expected = {(f"{name}@example.org", title) for name in self.readers for title in self.titles}
        self.assertTrue(support.eventually(lambda: len(postfix.mails()) >= len(expected), "all mails are there"))
        support.eventually(lambda: self.totals()["delivered"] == len(expected), "all are in the ledger")
        daemon.stop()
        mails = postfix.mails()
        self.assertEqual(len(mails), len(expected))
        self.assertEqual({(mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails}, expected)
        self.assertEqual({mail["X-Original-To"] for mail in mails}, {f"{name}@example.org" for name in self.readers})
        self.assertEqual(len({mail["Message-ID"] for mail in mails}), len(expected))
        for mail in mails:
            self.assertFalse(mail.defects)
            text = mail.get_body(("plain",)).get_content()
            self.assertIn("A line of text for all who read it.", text)
            self.assertIn(mail["Subject"], mail.get_body(("html",)).get_content())
        self.assertEqual(self.totals()["queued"], 0)


if __name__ == "__main__":
    support.main()
