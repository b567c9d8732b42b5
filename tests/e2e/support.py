"""What the end-to-end tests share: a newsroom in a temporary folder, the daemon that serves it, its log.

The binary is $CRIER_BIN, or build/dev/crier. Tests wait for what the daemon says or does, never for a time to
pass; each wait has a deadline and fails with the daemon's log.
"""

import email
import email.policy
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRIER = pathlib.Path(os.environ.get("CRIER_BIN", ROOT / "build/dev/crier")).resolve()
PATIENCE = 60  # seconds that something may take on a busy machine


def environment(**changes):
    """The environment of every crier; no supervisor or sanitizer setting leaks in from outside."""
    unwanted = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY"}
    out = {name: value for name, value in os.environ.items() if name not in unwanted}
    out.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=0")
    out.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    return out | changes


def eventually(check, what, patience=PATIENCE):
    """The first true answer of `check`, asked again and again."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {patience} s: {what}")


_kept_free = []


def free_port():
    """A port that is refused until a server of this test listens on it; nobody else is given it meanwhile."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))  # bound and never listening: a server that reuses addresses may have it
    _kept_free.append(keeper)
    return keeper.getsockname()[1]


def read_mail(content):
    """A mail as the Python library understands it, which knows nothing of crier's writer."""
    return email.message_from_bytes(content, policy=email.policy.default)


def page(title, *paragraphs, date="Oct 18, 2023, 3:37pm EDT"):
    """A story as the text of a page: title, date, tags, buttons, paragraphs."""
    head = f"{title}\n\n{date}\nbusinessAfrica\nPostEmailWhatsapp\n\n"
    return head + "\n\n".join(paragraphs or [f"All of {title} in one sentence, which is long enough for text."]) + "\n"


class Event:
    """One line of the daemon's log: "TIME LEVEL NAME key=value key="quoted value"."""

    _line = re.compile(r"\d{4}-\S+Z ([a-z]+) +(.*?)((?: \w+=(?:\"(?:[^\"\\]|\\.)*\"|\S*))*)$")
    _field = re.compile(r" (\w+)=(?:\"((?:[^\"\\]|\\.)*)\"|(\S*))")
    _escape = re.compile(r"\\(x[0-9a-f]{2}|.)")

    def __init__(self, line):
        self.line = line
        match = self._line.match(line)
        self.level, self.name, fields = match.groups() if match else ("", "", "")
        self.fields = {}
        for field in self._field.finditer(fields):
            self.fields[field[1]] = field[3] if field[2] is None else self._plain(field[2])

    @classmethod
    def _plain(cls, text):
        def one(escape):
            code = escape[1]
            return chr(int(code[1:], 16)) if len(code) == 3 else {"n": "\n"}.get(code, code)

        return cls._escape.sub(one, text)

    def is_a(self, name, fields):
        return self.name == name and all(self.fields.get(key) == str(value) for key, value in fields.items())


class Daemon:
    """A running `crier serve`. Its log is read on a thread, so that it never blocks on the pipe."""

    def __init__(self, folder, *, prefix=(), **variables):
        self._changed = threading.Condition()
        self._events = []
        self._ended = False
        self._stopped_on_purpose = False
        self.process = subprocess.Popen(
            [*prefix, CRIER, "serve", "--config", "config"],
            cwd=folder,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._changed:
                self._events.append(Event(line.rstrip("\n")))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def log(self):
        with self._changed:
            return "\n".join(event.line for event in self._events)

    def events(self, name, **fields):
        with self._changed:
            return [event for event in self._events if event.is_a(name, fields)]

    def wait_for(self, name, count=1, patience=PATIENCE, **fields):
        """The `count`-th event of this name and these fields, counted from the start of the daemon."""

        def found():
            return [event for event in self._events if event.is_a(name, fields)]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= count or self._ended, patience)
            events = found()
        if len(events) >= count:
            return events[count - 1]
        raise AssertionError(f"{len(events)} of {count} {name} {fields} within {patience} s\n{self.log}")

    def wait_until_ready(self):
        return self.wait_for("crier.ready")

    def signal(self, number):
        self.process.send_signal(number)

    def wait_for_end(self, patience=PATIENCE):
        code = self.process.wait(patience)
        self._reader.join(PATIENCE)
        return code

    def stop(self):
        """Ends it as systemd does; it must end well."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = self.wait_for_end()
        if code != 0:
            raise AssertionError(f"crier ended with {code}\n{self.log}")

    def kill(self):
        self.process.kill()
        self.wait_for_end()

    def close(self):
        """After a test: nothing of it may go on, and a sanitizer's report fails the test."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait_for_end()
        self.process.stderr.close()
        if re.search(r"Sanitizer|runtime error:", self.log):
            raise AssertionError(f"a sanitizer reports:\n{self.log}")


class Newsroom:
    """A folder with a configuration, a story folder and the daemon's state."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.stories = self.folder / "stories"
        self.state = self.folder / "var"
        self.stories.mkdir()

    def write(self, name, content, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            os.fchmod(file.fileno(), mode)  # once it is closed the daemon may move it away
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def configure(self, config):
        """JSON is YAML, too."""
        self.write("config/crier.yaml", json.dumps(config, indent=2, ensure_ascii=False))

    def drop(self, name, story):
        """Puts a story in as a careful program does: written elsewhere, then renamed."""
        finished = self.write(f"unfinished/{name}", story)
        finished.rename(self.stories / name)
        return self.stories / name

    def run(self, *arguments, code=0, stdout=subprocess.PIPE):
        """A command beside the daemon; its standard output."""
        done = subprocess.run(
            [CRIER, *map(str, arguments)],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        )
        if done.returncode != code:
            raise AssertionError(f"crier {arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def run_json(self, *arguments, code=0):
        return json.loads(self.run(*arguments, "--json", code=code))

    def ledger(self, *what):
        """The books, which must balance whenever they are looked at."""
        return self.run_json("ledger", *what)

    def maildir(self, name="mail"):
        folder = self.state / name / "new"
        return [read_mail(path.read_bytes()) for path in sorted(folder.iterdir())] if folder.exists() else []

    def secret(self, name):
        return (self.state / "secrets" / name).read_text().strip()

    def let_retries_be_due(self):
        """Makes as if the time until the next attempt had passed. Only while no daemon runs."""
        with sqlite3.connect(self.state / "crier.db") as database:
            database.execute("UPDATE exception SET due_at = 0 WHERE state = 'retry'")
        database.close()


class NewsroomTest(unittest.TestCase):
    """A test with a newsroom of its own, removed afterwards with all its daemons."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="crier-e2e-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.newsroom = Newsroom(folder)

    def start(self, **options):
        """A daemon that does not have to become ready."""
        daemon = Daemon(self.newsroom.folder, **options)
        self.addCleanup(daemon.close)
        return daemon

    def serve(self, **options):
        daemon = self.start(**options)
        daemon.wait_until_ready()
        return daemon

    def serve_watching(self, **options):
        """A daemon that is done with what lay in the folder: what comes now it learns of as it comes."""
        daemon = self.serve(**options)
        self.newsroom.drop("ignored.txt", page("Nothing that anybody follows"))
        daemon.wait_for("story.noticed", matched=0)
        return daemon

    def use(self, resource):
        """Enters a context manager until the end of the test."""
        self.addCleanup(resource.__exit__, None, None, None)
        return resource.__enter__()

    def totals(self):
        return self.newsroom.ledger()["total"]


def config(relay="maildir:var/mail", **sections):
    """A small newsroom: one topic, followed by amara and bruno by e-mail."""
    out = {
        "site": {"name": "The Sample Courier", "url": "https://courier.example.org", "timezone": "UTC"},
        "public_url": "https://news.example.org",
        "state": "var",
        "templates": str(ROOT / "templates"),
        "story_topics": ["business"],
        "regions": ["Africa"],
        "sources": {"stories": {"folder": "stories", "url": "https://courier.example.org/{id}"}},
        "channels": {"email": {"relay": relay, "from": "alerts@courier.example.org"}},
        "topics": {"harbours": {"title": "Harbours", "any": ["harbour"]}},
        "subscribers": [reader("amara"), reader("bruno")],
    }
    return out | sections


def reader(name, **fields):
    return {"id": name, "email": f"{name}@example.org", "follow": [{"topic": "harbours"}]} | fields


def machine(name, url):
    return {"id": name, "webhook": url, "follow": [{"topic": "harbours"}]}


def main():
    unittest.main(verbosity=2)
