"""A disk that is full, or nearly: no stories are taken, what is owed is sent, and all goes on when there is room."""

import json
import os
import resource
import subprocess
import threading
import urllib.error
import urllib.request

import support
from feed_test import FeedServer
from mail_server import MailServer

READERS = 300
MB = 1 << 20


def story(name, status="usable"):
    return {"id": name, "title": f"The harbour {name}", "body_text": "All of it.", "status": status}


class DiskTest(support.NewsroomTest):
    """What happens to a newsroom of 300 readers, whose relay lets mails through when the test says so"""

    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.gate.set()
        self.server = self.use(MailServer(message_reply=lambda received: self.gate.wait(support.PATIENCE) and None))
        self.addCleanup(self.gate.set)  # the server ends when nobody waits in it
        self.port = support.free_port()
        self.configure()

    def configure(self, **sections):
        self.newsroom.configure(
            support.config(
                f"smtp://127.0.0.1:{self.server.port}",
                http={"operator": {"listen": f"127.0.0.1:{self.port}"}},
                subscribers=[support.reader(f"r{i}") for i in range(READERS)],
                **sections,
            )
        )

    def ask(self, path, body=None):
        """Status and text of an answer of the operator's listener."""
        headers = {"Authorization": "Bearer " + self.newsroom.secret("push.token"), "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode() if body else b""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=support.PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def push(self, name):
        return self.ask("/v1/stories", {"id": name, "title": f"The harbour {name}", "body_text": "All of it."})

    def is_ready(self):
        return self.ask("/readyz")[0] == 200

    def metric(self, name):
        [line] = [line for line in self.ask("/metrics")[1].splitlines() if line.startswith(name + " ")]
        return float(line.split()[-1])

    def begin_sending(self):
        """A daemon in the middle of sending the first story."""
        daemon = self.serve_watching()
        self.gate.clear()
        self.newsroom.drop("first.txt", support.page("The harbour first"))
        support.eventually(lambda: self.server.received, "the first mail is at the relay")
        return daemon

    def delivered(self):
        return self.totals()["delivered"]


class SmallDiskTest(DiskTest):
    """The state folder is on a disk of 100 MB"""

    def setUp(self):
        super().setUp()
        self.newsroom.state.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", self.newsroom.state], capture_output=True
        )
        if mounted.returncode != 0:
            self.skipTest("this user may not mount a disk")
        self.addCleanup(subprocess.run, ["umount", "-l", self.newsroom.state], check=True)
        self.filler = self.newsroom.state / "filler"

    def fill(self, leaving):
        """Takes all room but so many bytes."""
        with self.filler.open("ab") as filler:
            room = os.statvfs(self.newsroom.state)
            left = room.f_bavail * room.f_frsize - leaving
            while left > 0:
                left -= filler.write(b"x" * min(left, MB))
                filler.flush()

    def test_what_is_owed_is_sent_although_the_disk_is_full(self):
        daemon = self.begin_sending()
        self.fill(0)
        daemon.wait_for("storage.bad")
        self.assertFalse(self.is_ready())
        self.assertIn("still sent", self.ask("/readyz")[1])
        self.assertEqual(self.metric("crier_accepting_stories"), 0)
        status, said = self.push("pushed")
        self.assertEqual(status, 507, said)
        self.assertIn("what is owed is still sent", said)
        self.newsroom.drop("second.txt", support.page("The harbour second"))
        daemon.wait_for("story.unstored")
        self.gate.set()
        support.eventually(lambda: len(self.server.received) >= READERS, "all have the first story")
        support.eventually(lambda: self.delivered() == READERS, "and the books say so")
        self.filler.unlink()
        daemon.wait_for("storage.good")
        support.eventually(lambda: self.delivered() == 2 * READERS, "the second story is taken and sent")
        self.assertTrue(self.is_ready())
        self.assertEqual(self.metric("crier_accepting_stories"), 1)
        self.assertEqual(self.push("pushed")[0], 202)
        support.eventually(lambda: self.delivered() == 3 * READERS, "the third, too")
        self.assertEqual(len(self.server.received), 3 * READERS)  # nobody twice
        daemon.stop()

    def test_a_daemon_that_starts_on_a_full_disk_sends_what_it_owes(self):
        daemon = self.begin_sending()
        daemon.kill()
        self.gate.set()
        self.fill(0)
        daemon = self.serve()
        support.eventually(lambda: self.delivered() == READERS, "all have the story")
        self.assertFalse(self.is_ready())
        self.assertEqual(len({each.recipient for each in self.server.received}), READERS)
        daemon.stop()

    def test_refusals_are_kept_on_a_full_disk(self):
        daemon = self.begin_sending()
        self.server._recipient_reply = lambda address: "550 5.1.1 no such mailbox"
        self.fill(0)
        daemon.wait_for("storage.bad")
        self.gate.set()
        support.eventually(lambda: self.totals()["queued"] == 0, "all are settled")
        total = self.totals()
        self.assertEqual(total["delivered"] + sum(total["failed"].values()), READERS)
        daemon.stop()

    def test_a_story_can_be_stopped_on_a_disk_that_is_nearly_full(self):
        self.fill(40 * MB)
        daemon = self.serve()
        daemon.wait_for("storage.bad")
        self.assertEqual(self.push("pushed")[0], 507)
        self.filler.unlink()
        daemon.wait_for("storage.good")
        self.gate.clear()
        self.assertEqual(self.push("pushed")[0], 202)
        support.eventually(lambda: self.server.received, "the first mail is at the relay")
        self.fill(40 * MB)
        daemon.wait_for("storage.bad", count=2)
        self.assertEqual(self.ask("/v1/stories/pushed/cancel", {})[0], 202)
        self.gate.set()
        support.eventually(lambda: self.totals()["queued"] == 0, "all is settled")
        self.assertLess(len(self.server.received), READERS)
        daemon.stop()

    def drop_story(self, name, status="usable"):
        self.newsroom.drop(f"{name}-{status}.json", json.dumps(story(name, status)))

    def test_a_story_is_stopped_by_a_file_behind_one_that_waits_for_room(self):
        daemon = self.serve_watching()
        self.gate.clear()
        self.drop_story("burns")
        support.eventually(lambda: self.server.received, "the first mail is at the relay")
        self.fill(40 * MB)
        daemon.wait_for("storage.bad")
        self.drop_story("opens")
        daemon.wait_for("story.unstored")
        self.drop_story("closes")
        self.drop_story("burns", "canceled")
        self.drop_story("closes", "withheld")
        daemon.wait_for("story.noticed", story="burns", status="canceled")
        daemon.wait_for("story.noticed", story="closes", status="withheld")
        self.gate.set()
        support.eventually(lambda: self.totals()["queued"] == 0, "all is settled")
        sent = len(self.server.received)
        self.assertLess(sent, READERS)
        self.filler.unlink()
        daemon.wait_for("storage.good")
        daemon.wait_for("story.noticed", story="opens")
        support.eventually(lambda: len(self.server.received) == sent + READERS, "the story that waited is sent")
        daemon.wait_for("story.unchanged", story="closes")
        support.eventually(lambda: self.totals()["queued"] == 0, "all is settled")
        self.assertEqual(len(self.server.received), sent + READERS)
        self.assertEqual(len(daemon.events("story.unstored")), 1)
        daemon.stop()

    def test_a_story_is_stopped_by_a_feed_that_has_others_for_which_there_is_no_room(self):
        listed = [story("burns")]
        content = {"Content-Type": "application/json"}
        feed = self.use(FeedServer(lambda asked: (200, content, json.dumps({"stories": listed}).encode())))
        wire = {"feed": feed.url + "/feed", "every": "1s", "allow": ["127.0.0.1"], "backlog": "send"}
        self.configure(sources={"wire": wire})
        self.gate.clear()
        daemon = self.serve()
        support.eventually(lambda: self.server.received, "the first mail is at the relay")
        self.fill(40 * MB)
        daemon.wait_for("storage.bad")
        listed = [story("burns"), story("opens")]
        daemon.wait_for("story.unstored", story="opens")
        listed = [story("burns", "canceled"), story("opens")]
        daemon.wait_for("story.noticed", story="wire:burns", status="canceled")
        self.gate.set()
        support.eventually(lambda: self.totals()["queued"] == 0, "all is settled")
        sent = len(self.server.received)
        self.assertLess(sent, READERS)
        feed.wait_for(len(feed.asked) + 2)
        self.filler.unlink()
        daemon.wait_for("storage.good")
        support.eventually(lambda: len(self.server.received) == sent + READERS, "the story that waited is sent")
        self.assertEqual(len(daemon.events("story.unstored")), 1)
        daemon.stop()


class LimitTest(DiskTest):
    """A database that must not grow, as under a quota"""

    def test_a_database_that_must_not_grow(self):
        daemon = self.begin_sending()
        pid = daemon.process.pid
        database = self.newsroom.state / "crier.db"
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (database.stat().st_size, resource.RLIM_INFINITY))
        big = {"id": "big", "title": "The harbour in full", "body_text": os.urandom(4 * MB).hex()}
        status, said = self.ask("/v1/stories", big)
        self.assertEqual(status, 503, said)
        self.gate.set()
        support.eventually(lambda: self.delivered() == READERS, "all have the first story")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        support.eventually(lambda: self.ask("/v1/stories", big)[0] == 202, "the story is taken")
        support.eventually(lambda: self.delivered() == 2 * READERS, "and sent")
        daemon.stop()


if __name__ == "__main__":
    support.main()
