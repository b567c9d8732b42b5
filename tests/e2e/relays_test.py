"""A large mailing through the relays that real newsrooms run, each spoken to as fast as it allows: every message is
taken once and whole. Exim and OpenSMTPD cannot be installed beside Postfix: their packages are unpacked into a folder
and laid over the system's in a mount namespace of their own, which only root may do.
CRIER_E2E_RELAY_MESSAGES says how many messages each gets."""

import collections
import hashlib
import os
import pathlib
import re
import shutil
import signal
import smtplib
import subprocess
import tempfile
import unittest

import support
from postfix_test import Postfix

COUNT = int(os.environ.get("CRIER_E2E_RELAY_MESSAGES", "300"))
PATIENCE = support.PATIENCE + COUNT / 50

EXIM = """\
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/exim.pid
primary_hostname = relay.example.org
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
queue_only = true
acl_smtp_rcpt = accept
acl_smtp_data = accept
tls_advertise_hosts =
"""
OPENSMTPD = """\
listen on 127.0.0.1 port {port}
table all {{ "@" = "nobody" }}
action "store" maildir "{folder}/mail" virtual <all>
match from any for any action "store"
"""
USERS = {"Debian-exim": 65533, "opensmtpd": 65532, "opensmtpq": 65531}
SCRIPT = """\
set -e
mount -t overlay overlay -o lowerdir={folder}/usr:/usr /usr
mount -t overlay overlay -o lowerdir={folder}/etc:/etc /etc
mount -t tmpfs tmpfs /var
mount -t tmpfs tmpfs /run
mkdir -p /var/run /var/spool/smtpd /var/lib/opensmtpd/empty /var/empty
chmod 711 /var/spool/smtpd
exec {command}
"""


class Unpacked:
    """A relay out of Debian packages that are not installed."""

    packages: tuple[str, ...]
    command: str

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crier-e2e-"))
        self.folder.chmod(0o755)
        self.port = support.free_port()
        self.unpack()
        for name in ("etc", "log", "spool", "mail"):
            (self.folder / name).mkdir()
        for name, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n")):
            more = "".join(line.format(*user) for user in USERS.items())
            (self.folder / "etc" / name).write_text(pathlib.Path("/etc", name).read_text() + more)
        self.configure()
        (self.folder / "script").write_text(SCRIPT.format(folder=self.folder, command=self.command.format(self.folder)))
        self.output = open(self.folder / "output", "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "sh", self.folder / "script"],
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )
        support.eventually(self.answers, "the relay answers")
        return self

    def unpack(self):
        try:
            subprocess.run(["apt-get", "-q", "download", *self.packages], cwd=self.folder, check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise unittest.SkipTest(f"cannot download {self.packages}: {error.stderr.decode()[-200:]}")
        for package in self.folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, self.folder], check=True)
        shutil.rmtree(self.folder / "etc", ignore_errors=True)

    def __exit__(self, *_):
        try:
            if self.process.poll() is None:
                # The first process of its namespace, with which all others end.
                first = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
                os.kill(int(first.split()[0]), signal.SIGKILL)
            self.process.wait(support.PATIENCE)
        finally:
            self.output.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the relay has ended:\n{(self.folder / 'output').read_text()}")
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=support.PATIENCE):
                return True
        except OSError:
            return False


class Exim(Unpacked):
    packages = ("exim4-daemon-light", "exim4-base", "libidn12")
    command = "/usr/sbin/exim4 -C {0}/exim.conf -bdf"

    def configure(self):
        (self.folder / "exim.conf").write_text(EXIM.format(folder=self.folder, port=self.port))
        for name in ("log", "spool"):
            os.chown(self.folder / name, USERS["Debian-exim"], USERS["Debian-exim"])

    def count(self):
        return sum(1 for _ in self.folder.glob("spool/input/*-H"))

    def mails(self):
        """(recipients, message) of each, out of the queue, where Exim keeps headers and body apart."""
        for path in self.folder.glob("spool/input/*-H"):
            envelope, headers = path.read_bytes().split(b"\n\n", 1)
            recipients = re.findall(rb"^reader\d+@example\.org$", envelope, re.MULTILINE)
            body = path.with_name(path.name[:-1] + "D").read_bytes().split(b"\n", 1)[1]
            shown = re.sub(rb"^\d{3,}[A-Z* ] ", b"", headers, flags=re.MULTILINE)
            yield [each.decode() for each in recipients], support.read_mail(shown + b"\n" + body)

    def is_chunked(self):
        return any(" K" in line for line in (self.folder / "log/main").read_text().splitlines() if " <= " in line)


class OpenSmtpd(Unpacked):
    packages = ("opensmtpd",)
    command = "/usr/sbin/smtpd -d -f {0}/smtpd.conf"

    def configure(self):
        (self.folder / "smtpd.conf").write_text(OPENSMTPD.format(folder=self.folder, port=self.port))
        (self.folder / "mail").chmod(0o777)

    def count(self):
        return sum(1 for _ in self.folder.glob("mail/new/*"))

    def mails(self):
        for path in self.folder.glob("mail/new/*"):
            mail = support.read_mail(path.read_bytes())
            yield [mail["Delivered-To"]], mail


class PostfixRelay(Postfix):
    def count(self):
        return sum(1 for _ in self.folder.glob("mailboxes/all/new/*"))

    def mails(self):
        for path in self.folder.glob("mailboxes/all/new/*"):
            mail = support.read_mail(path.read_bytes())
            yield mail.get_all("X-Original-To"), mail


def content_hash(mail):
    """Of what all readers are sent alike."""
    parts = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
    shared = re.sub(r"https?://news\.example\.org/[^\s\"<>]*", "LINK", "\n".join(parts))
    return hashlib.sha256(" ".join(shared.split()).encode()).hexdigest()


@unittest.skipUnless(os.geteuid() == 0, "only root may lay folders over the system's, and start Postfix")
class RelaysTest(support.NewsroomTest):
    readers = [f"reader{number}" for number in range(COUNT)]

    def send_through(self, relay, parameters="", **email):
        url = f"smtp://127.0.0.1:{relay.port}{parameters}"
        config = support.config(url, subscribers=[support.reader(name) for name in self.readers])
        config["channels"]["email"] |= {"connections": 4} | email
        self.newsroom.configure(config)
        daemon = self.serve()
        lines = ["A line of text for all who read it.", ".", "..two dots", "MAIL FROM:<x@example.org>", "BDAT 5 LAST"]
        story = support.page("Der Hafen, the harbour – schön groß 港 🚢", *lines, *(f"Line {n}" for n in range(400)))
        self.newsroom.drop("story.txt", story)
        support.eventually(lambda: self.totals()["delivered"] == COUNT, "all are in the ledger", PATIENCE)
        daemon.stop()
        support.eventually(lambda: relay.count() >= COUNT, "all mails are there", PATIENCE)
        self.assertEqual(len(daemon.events("delivery.retry")), 0)
        recipients, hashes, ids = collections.Counter(), collections.Counter(), set()
        for to, mail in relay.mails():
            self.assertEqual(to, [mail["To"].addresses[0].addr_spec])
            self.assertFalse(mail.defects)
            recipients.update(to)
            hashes[content_hash(mail)] += 1
            ids.add(mail["Message-ID"])
        self.assertEqual(recipients, collections.Counter(f"{name}@example.org" for name in self.readers))
        self.assertEqual((list(hashes.values()), len(ids)), ([COUNT], COUNT))
        return daemon

    def test_postfix(self):
        postfix = self.use(PostfixRelay())
        self.send_through(postfix, "?starttls=required", ca_file=str(postfix.certificate))
        self.assertIn(" bdat=", (postfix.folder / "log").read_text())

    def test_postfix_by_data(self):
        postfix = self.use(PostfixRelay())
        self.send_through(postfix, "?starttls=required&mode=overlapped", ca_file=str(postfix.certificate))
        self.assertNotIn(" bdat=", (postfix.folder / "log").read_text())

    def test_exim(self):
        exim = self.use(Exim())
        self.send_through(exim)
        self.assertTrue(exim.is_chunked())

    def test_exim_by_data(self):
        exim = self.use(Exim())
        self.send_through(exim, "?mode=overlapped")
        self.assertFalse(exim.is_chunked())

    def test_opensmtpd(self):
        self.send_through(self.use(OpenSmtpd()))


if __name__ == "__main__":
    support.main()
