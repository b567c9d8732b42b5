"""A large mailing through the relays that real newsrooms run, each spoken to as fast as it allows: every message is
taken once, and is what `crier preview` shows. Exim and OpenSMTPD cannot be installed beside Postfix: their packages are
unpacked into a folder and laid over the system's in a mount namespace of their own, which only root may do.
CRIER_E2E_RELAY_MESSAGES says how many messages each gets."""

import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import support
from postfix_test import Postfix

COUNT = int(os.environ.get("CRIER_E2E_RELAY_MESSAGES", "300"))
PATIENCE = support.PATIENCE + COUNT / 50
# Lines of a story that a dialogue could trip over; all of them are in the mail.
HOSTILE = [".", "..two dots", "QUIT", "MAIL FROM:<x@example.org>", "BDAT 5 LAST", "From here: é, 港, 🚢"]

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
log_selector = +pipelining
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

    def count_flags(self):
        """How many messages came pipelined (it says "L.-" of others), and how many by chunks, as its log has it."""
        lines = [line.split() for line in (self.folder / "log/main").read_text().splitlines() if " <= " in line]
        return sum("L." in line for line in lines), sum("K" in line for line in lines)


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

    def count_commands(self):
        """Those it has agreed to, of all dialogues that have ended, as its log has it ("bdat=3/5": three of five)."""
        total = collections.Counter()
        for line in (self.folder / "log").read_text().splitlines():
            if " disconnect from " in line:
                total.update({name: int(times) for name, times in re.findall(r" (\w+)=(\d+)", line)})
        return total


class Tap:
    """Stands before a relay, changes nothing, and counts how often the client spoke after it had heard something, TLS
    or not: with a command at a time at least four times a message. A slow relay divides a window, too."""

    def __init__(self, relay):
        self.relay = relay
        self.turns = 0
        self.lock = threading.Lock()

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._listener.close()

    def _listen(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.relay.port))
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            heard = threading.Event()
            for ends in ((client, server, heard.is_set, heard.clear), (server, client, lambda: False, heard.set)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source, sink, is_turn, then):
        with source:
            try:
                while some := source.recv(1 << 18):
                    if is_turn():
                        with self.lock:
                            self.turns += 1
                    then()
                    sink.sendall(some)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass


LINK = re.compile(r"\s*https://news\.example\.org/u/[\w-]+")
OF_THE_WAY = {"received", "delivered-to", "x-original-to", "return-path"}  # what relays add
OF_THE_MOMENT = {"date", "message-id", "to"}  # the preview has its own; of the date is made the boundary, too
BOUNDARY = re.compile(r"boundary=\S+")


def content_of(mail):
    """All that a reader is sent and that is not hers alone: the other headers, in their order, and each part."""
    headers = [(name.lower(), BOUNDARY.sub("", LINK.sub(" LINK", str(value)))) for name, value in mail.items()]
    kept = [(name, "" if name in OF_THE_MOMENT else value) for name, value in headers if name not in OF_THE_WAY]
    parts = [(part.get_content_type(), part["Content-Transfer-Encoding"], LINK.sub(" LINK", part.get_content()))
             for part in mail.walk() if not part.is_multipart()]
    return "\n".join(map(repr, kept + parts))


def hash_of(content):
    return hashlib.sha256(content.encode()).hexdigest()


@unittest.skipUnless(os.geteuid() == 0, "only root may lay folders over the system's, and start Postfix")
class RelaysTest(support.NewsroomTest):
    readers = [f"reader{number}" for number in range(COUNT)]

    def send_through(self, relay, parameters="", **email):
        """Gives how often the client spoke."""
        tap = self.use(Tap(relay))
        count = len(self.readers)
        url = f"smtp://127.0.0.1:{tap.port}{parameters}"
        config = support.config(url, subscribers=[support.reader(name) for name in self.readers])
        config["channels"]["email"] |= {"connections": 4} | email
        self.newsroom.configure(config)
        daemon = self.serve()
        body = "\n\n".join([*HOSTILE, *(f"Line {n}" for n in range(400))])
        content = {"id": "s1", "title": "Der Hafen, the harbour – schön groß 港 🚢", "body_text": body}
        begun = time.monotonic()
        story = self.newsroom.drop("story.json", json.dumps(content))
        support.eventually(lambda: self.totals()["delivered"] == count, "all are in the ledger", PATIENCE)
        seconds = time.monotonic() - begun
        daemon.stop()
        support.eventually(lambda: relay.count() >= count, "all mails are there", PATIENCE)
        print(f"{count} messages in {seconds:.1f} s, {tap.turns} turns ... ", end="", flush=True)
        self.assertEqual(len(daemon.events("delivery.retry")), 0)
        self.check_mails(relay, self.source(story))
        self.assertEqual(self.totals()["matched"], count)
        return tap.turns

    def source(self, story):
        """What crier shows of it, which is the same for the first reader, the last, and some between."""
        contents = set()
        for name in self.readers[:: max(len(self.readers) // 8, 1)] + self.readers[-1:]:
            self.newsroom.run("preview", story, "--to", name, "--channel", "email", "--out", "preview")
            shown = (self.newsroom.folder / "preview/email.eml").read_bytes()
            mail = support.read_mail(shown.replace(b"\r\n", b"\n"))  # as relays keep it
            self.assertEqual(mail["To"].addresses[0].addr_spec, f"{name}@example.org")
            lines = mail.get_body(("plain",)).get_content().splitlines()
            self.assertEqual([line for line in HOSTILE if line not in lines], [])
            contents.add(content_of(mail))
        [only] = contents
        return only

    def check_mails(self, relay, source):
        """Everybody has one, her own, and it is what was composed."""
        whole = hash_of(source)
        recipients, hashes, ids, links = collections.Counter(), collections.Counter(), set(), set()
        for to, mail in relay.mails():
            self.assertEqual(to, [mail["To"].addresses[0].addr_spec])
            self.assertFalse(mail.defects)
            recipients.update(to)
            content = content_of(mail)
            hashes[hash_of(content)] += 1
            if whole not in hashes:
                self.assertEqual(content, source)  # which shows the first difference
            ids.add(mail["Message-ID"])
            its_links = {mail["List-Unsubscribe"].strip("<>")}
            for kind in ("plain", "html"):
                its_links.update(link.strip() for link in LINK.findall(mail.get_body((kind,)).get_content()))
            self.assertEqual(len(its_links), 1)
            links |= its_links
        self.assertEqual(recipients, collections.Counter(f"{name}@example.org" for name in self.readers))
        count = len(self.readers)
        self.assertEqual((hashes, len(ids), len(links)), (collections.Counter({whole: count}), count, count))

    def check_offer(self, relay, *expected):
        """Of what makes a dialogue fast."""
        with smtplib.SMTP("127.0.0.1", relay.port, timeout=support.PATIENCE) as asked:
            asked.ehlo()
            self.assertEqual([name for name in ("pipelining", "chunking") if asked.has_extn(name)], [*expected])

    def test_postfix(self):
        postfix = self.use(PostfixRelay())
        self.check_offer(postfix, "pipelining", "chunking")
        self.assertLess(self.send_through(postfix, "?starttls=required", ca_file=str(postfix.certificate)), COUNT)
        commands = support.eventually(lambda: self.all_counted(postfix), "Postfix has counted")
        self.assertEqual(commands["data"], 0)
        self.assertTrue(COUNT <= commands["bdat"] <= COUNT + 8, commands)  # an empty one, perhaps, by each connection

    def test_postfix_by_chunks(self):
        postfix = self.use(PostfixRelay())
        turns = self.send_through(postfix, "?starttls=required&mode=bdat", ca_file=str(postfix.certificate))
        self.assertLess(turns, COUNT)
        commands = support.eventually(lambda: self.all_counted(postfix), "Postfix has counted")
        self.assertEqual((commands["data"], commands["bdat"]), (0, COUNT))

    def test_postfix_by_data(self):
        postfix = self.use(PostfixRelay())
        turns = self.send_through(postfix, "?starttls=required&mode=overlapped", ca_file=str(postfix.certificate))
        self.assertLess(turns, 3 * COUNT)
        commands = support.eventually(lambda: self.all_counted(postfix), "Postfix has counted")
        self.assertEqual((commands["data"], commands["bdat"]), (COUNT, 0))

    def all_counted(self, postfix):
        commands = postfix.count_commands()
        return commands if commands["mail"] >= COUNT else None

    def test_exim(self):
        exim = self.use(Exim())
        self.check_offer(exim, "pipelining", "chunking")
        self.assertLess(self.send_through(exim), COUNT)
        self.assertEqual(exim.count_flags(), (COUNT, COUNT))

    def test_exim_by_data(self):
        exim = self.use(Exim())
        self.assertLess(self.send_through(exim, "?mode=overlapped"), 3 * COUNT)
        self.assertEqual(exim.count_flags(), (COUNT, 0))

    def test_exim_one_by_one(self):
        """So that it is known what the others are measured with."""
        exim = self.use(Exim())
        self.readers = self.readers[:300]
        self.assertGreaterEqual(self.send_through(exim, "?mode=lockstep"), 4 * len(self.readers))
        self.assertEqual(exim.count_flags(), (0, 0))

    def test_opensmtpd(self):
        """It offers neither: a command at a time is as fast as it allows."""
        opensmtpd = self.use(OpenSmtpd())
        self.check_offer(opensmtpd)
        self.assertGreaterEqual(self.send_through(opensmtpd), 4 * COUNT)


if __name__ == "__main__":
    support.main()
