"""A bad rule, template, story or reply names its place in one clear line and stops nothing else."""

import json
import os
import shutil
import signal

import support
from http_receiver import NO_ANSWER, HttpReceiver
from mail_server import MailServer

BROKEN = """\
topics:
  ships:
    titel: Ships
    any: [ship, 'chips China']
  boats:
    any: ['boat AND (']
editions:
  noon:
    at: "12:00"
  morning:
    at: "07:00"
    zone: Africa/Lagoss
"""
# Line, column and a word of each mistake in it.
MISTAKES = {
    (3, 5, "titel"),
    (4, 24, "chips AND China"),
    (6, 22, "query ends"),
    (9, 5, "zone"),
    (12, 11, "Africa/Lagos"),
}


class BadConfigTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.config = support.config()
        self.newsroom.configure(self.config)

    def find_mistake(self, errors, file, line, column, word):
        found = [error for error in errors if (error["file"], error["line"], error["column"]) == (file, line, column)]
        self.assertEqual(len(found), 1, f"{file}:{line}:{column} in {errors}")
        self.assertIn(word, found[0]["message"])

    def test_all_is_well(self):
        self.assertEqual(self.newsroom.run_json("check")["errors"], [])
        self.assertIn("2 subscribers", self.newsroom.run("check"))

    def test_every_mistake_is_named_with_its_place(self):
        self.newsroom.write("config/broken.yaml", BROKEN)
        checked = self.newsroom.run_json("check", code=78)
        self.assertFalse(checked["ok"])
        for line, column, word in MISTAKES:
            self.find_mistake(checked["errors"], "config/broken.yaml", line, column, word)
        self.assertEqual(len(checked["errors"]), len(MISTAKES))
        shown = self.newsroom.run("check", code=78)
        for line, column, _ in MISTAKES:
            self.assertIn(f"\nconfig/broken.yaml:{line}:{column}: ", "\n" + shown)

    def test_a_template_with_an_unknown_variable(self):
        shutil.copytree(support.ROOT / "templates", self.newsroom.folder / "templates")
        alert = self.newsroom.folder / "templates/alert.txt.mustache"
        lines = alert.read_text().splitlines()
        lines.insert(1, "By {{autor}}")
        alert.write_text("\n".join(lines) + "\n")
        self.newsroom.configure(self.config | {"templates": "templates"})
        errors = self.newsroom.run_json("check", code=78)["errors"]
        self.find_mistake(errors, "templates/alert.txt.mustache", 2, 4, "autor")

    def test_the_daemon_does_not_start_with_mistakes(self):
        self.newsroom.write("config/broken.yaml", BROKEN)
        daemon = self.start()
        self.assertEqual(daemon.wait_for_end(), 78)
        self.assertIn("config/broken.yaml:3:5: ", daemon.log)
        self.assertFalse(self.newsroom.state.exists(), "nothing was begun")

    def test_a_refused_reload_leaves_the_daemon_delivering(self):
        daemon = self.serve()
        self.newsroom.write("config/broken.yaml", BROKEN)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("config.refused", count=len(MISTAKES))
        told = [event.fields["what"] for event in daemon.events("config.refused")]
        for line, column, _ in MISTAKES:
            place = f"config/broken.yaml:{line}:{column}: "
            self.assertEqual([what.startswith(place) for what in told].count(True), 1, told)
        self.newsroom.drop("first.txt", support.page("First harbour news"))
        daemon.wait_for("delivery.sent", count=2)
        (self.newsroom.folder / "config/broken.yaml").unlink()
        self.config["subscribers"].append(support.reader("chidi"))
        self.newsroom.configure(self.config)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("config.reloaded")
        self.newsroom.drop("second.txt", support.page("Second harbour news"))
        daemon.wait_for("delivery.sent", subscriber="chidi")
        daemon.wait_for("delivery.sent", count=5)
        daemon.stop()
        self.assertEqual(self.totals()["delivered"], 5)

    def test_a_secret_that_others_may_read(self):
        self.newsroom.write("password", "correct horse", mode=0o644)
        self.config["channels"]["email"] |= {"relay": "smtp://amara@relay.example.org:587", "password_file": "password"}
        self.newsroom.configure(self.config)
        [error] = self.newsroom.run_json("check", code=78)["errors"]
        self.assertIn("chmod 600 password", error["message"])
        self.assertNotIn("correct horse", json.dumps(error))


class FullOutputTest(support.NewsroomTest):
    def test_an_answer_that_cannot_be_written_is_a_failure(self):
        self.newsroom.configure(support.config())
        self.newsroom.write("story.txt", support.page("The harbour opens", *["Long enough for many blocks." * 9] * 99))
        key = ["--selector", "s1", "--domain", "example.org", "--out", "s1.pem"]
        for words in (
            ["check"],
            ["--help"],
            ["parse", "--help"],
            ["parse", "story.txt"],  # more than a buffer
            ["match", "story.txt", "--json"],
            ["dkim", "keygen", *key],
            ["outbox", "list"],
        ):
            with open("/dev/full", "w") as full:
                self.newsroom.run(*words, code=74, stdout=full)
            if "s1.pem" in words:
                (self.newsroom.folder / "s1.pem").unlink()
            self.newsroom.run(*words)


class BadStoryTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.newsroom.configure(support.config())

    def test_headers_that_are_none_still_give_a_document(self):
        self.newsroom.write("page.txt", "Dam breaks\n\nWater came.\n")
        self.newsroom.write("headers.json", "[]")
        parsed = json.loads(self.newsroom.run("parse", "page.txt", "--headers", "headers.json", code=65))
        self.assertEqual(parsed["stories"], [])
        self.assertIn("headers.json", parsed["source"]["bozo_reason"])

    def serve_for_anyone(self):
        """A daemon that file modes hold back also when the test is root's."""
        powers = "-dac_override,-dac_read_search"
        without = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"]
        return self.serve_watching(prefix=without if os.geteuid() == 0 else [])

    def assert_refused_alone(self, daemon, *words):
        """One line says it, and the next story is delivered."""
        refused = daemon.wait_for("story.refused")
        for word in words:
            self.assertIn(word, refused.fields["what"])
        self.newsroom.drop("good.txt", support.page("Harbour news"))
        daemon.wait_for("delivery.sent", count=2)
        daemon.stop()
        problems = [event for event in daemon.log.splitlines() if " info " not in event]
        self.assertEqual(len(problems), 1, problems)
        self.assertEqual(self.totals()["delivered"], 2)

    def test_an_enormous_file(self):
        daemon = self.serve_watching()
        with open(self.newsroom.stories / "enormous.txt", "wb") as file:
            file.truncate(300 << 20)
        self.assert_refused_alone(daemon, "stories/enormous.txt", "314572800", "limit")

    def test_binary_garbage(self):
        daemon = self.serve_watching()
        self.newsroom.drop("garbage.txt", bytes(range(256)) * 100)
        self.assert_refused_alone(daemon, "stories/garbage.txt", "not a text file")

    def test_half_a_document(self):
        daemon = self.serve_watching()
        self.newsroom.drop("half.json", '{"id": "x",\n "title": "harb')
        self.assert_refused_alone(daemon, "stories/half.json:2:")

    def test_a_list_without_stories(self):
        daemon = self.serve_watching()
        path = self.newsroom.drop("none.json", "[]")
        daemon.wait_for("story.doubtful", what="stories/none.json:1:1: there is no story in it")
        for command in (["explain", path, "amara"], ["preview", path, "--to", "amara"], ["share", path]):
            self.newsroom.run(*command, code=66)

    def test_a_file_that_may_not_be_read(self):
        daemon = self.serve_for_anyone()
        secret = self.newsroom.write("secret.txt", support.page("Secret harbour news"), mode=0o000)
        secret.rename(self.newsroom.stories / "secret.txt")
        self.assert_refused_alone(daemon, "stories/secret.txt", "cannot open")

    def test_a_link_to_nowhere(self):
        daemon = self.serve_watching()
        link = self.newsroom.folder / "link.txt"
        link.symlink_to("nowhere")
        link.rename(self.newsroom.stories / "link.txt")
        self.assert_refused_alone(daemon, "stories/link.txt: a symbolic link to nowhere, which does not exist; ")

    def test_a_link_to_a_folder(self):
        daemon = self.serve_watching()
        (self.newsroom.stories / "link").symlink_to("..")
        self.assert_refused_alone(daemon, "stories/link: a symbolic link to .., a folder; ")

    def test_a_link_out_of_the_folder(self):
        secret = self.newsroom.write("secret.txt", support.page("Secret harbour news"))
        (self.newsroom.stories / "link.txt").symlink_to(secret)
        daemon = self.serve_watching()
        self.assert_refused_alone(daemon, f"stories/link.txt: a symbolic link to {secret}; ", "put the file itself")

    def test_a_pipe_that_nobody_fills(self):
        daemon = self.serve_watching()
        os.mkfifo(self.newsroom.folder / "pipe.txt")
        (self.newsroom.folder / "pipe.txt").rename(self.newsroom.stories / "pipe.txt")
        self.assert_refused_alone(daemon, "stories/pipe.txt", "not a regular file")

    def test_a_broken_date_is_left_out(self):
        daemon = self.serve_watching()
        story = support.page("Harbour news", date="Oct 38, 2023, 3:37pm EDT")
        self.newsroom.drop("story.txt", story)
        daemon.wait_for("delivery.sent", count=2)
        doubt = daemon.wait_for("story.doubtful")
        self.assertIn('stories/story.txt:3:1: cannot read the date "Oct 38, 2023', doubt.fields["what"])
        daemon.stop()
        self.assertEqual(len(daemon.events("story.doubtful")), 1)
        self.assertEqual(self.totals()["delivered"], 2)

    def test_a_file_still_being_written_waits(self):
        daemon = self.serve_watching()
        whole = support.page("First harbour news", "One paragraph that came first.", "One that came at the end.")
        with open(self.newsroom.stories / "first.txt", "w", encoding="utf-8") as file:
            file.write(whole[:-20])
            file.flush()
            self.newsroom.drop("second.txt", support.page("Second harbour news"))
            daemon.wait_for("delivery.sent", count=2)
            self.assertEqual(len(daemon.events("story.noticed")), 2)
            file.write(whole[-20:])
        daemon.wait_for("delivery.sent", count=4)
        daemon.stop()
        texts = [mail.get_body(("plain",)).get_content() for mail in self.newsroom.maildir()]
        self.assertEqual(len([text for text in texts if "One that came at the end." in text]), 2)


class FailedFolderTest(support.NewsroomTest):
    """Files that cannot be read go to a folder of their own, with the reason beside them."""

    def test_they_are_moved_and_nothing_is_replaced(self):
        config = support.config()
        config["sources"]["stories"] |= {"recursive": True, "failed": "stories/failed"}
        self.newsroom.configure(config)
        daemon = self.serve()
        for _ in range(2):
            seen = len(daemon.events("story.set_aside"))
            self.newsroom.write("stories/desk/bad.json", '{"title": ')
            daemon.wait_for("story.set_aside", count=seen + 1)
        self.newsroom.write("stories/desk/good.txt", support.page("Harbour news"))
        daemon.wait_for("delivery.sent", count=2)
        failed = self.newsroom.stories / "failed"
        self.assertEqual(sorted(path.name for path in failed.iterdir()),
                         ["bad-2.json", "bad-2.json.reason", "bad.json", "bad.json.reason"])
        self.assertEqual((failed / "bad.json").read_text(), '{"title": ')
        self.assertIn("desk/bad.json:1:", (failed / "bad.json.reason").read_text())
        self.assertEqual(sorted(path.name for path in (self.newsroom.stories / "desk").iterdir()), ["good.txt"])
        self.assertEqual(len(daemon.events("story.refused")), 2, "what was set aside is not read again")


class BadReplyTest(support.NewsroomTest):
    """The machine "mute" and the machine "desk" follow by webhook, amara by e-mail."""

    def configure(self, relay, mute, desk, timeout="10s"):
        readers = [support.reader("amara"), support.machine("mute", mute), support.machine("desk", desk)]
        config = support.config(relay, subscribers=readers)
        config["channels"]["webhook"] = {"allow_http": True, "allow": ["127.0.0.1"], "timeout": timeout}
        self.newsroom.configure(config)

    def publish(self):
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        return daemon

    def assert_waiting(self, daemon, who, reason):
        daemon.wait_for("delivery.sent", count=2)
        retry = daemon.wait_for("delivery.retry", subscriber=who)
        self.assertEqual(retry.fields["reason"], reason)
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"], total["failed"]), (2, 1, {}))
        daemon.stop()

    def test_a_webhook_that_never_answers(self):
        mute = self.use(HttpReceiver(lambda request: NO_ANSWER))
        desk, relay = self.use(HttpReceiver()), self.use(MailServer())
        self.configure(f"smtp://127.0.0.1:{relay.port}", mute.url, desk.url, timeout="2s")
        self.assert_waiting(self.publish(), "mute", "timeout")
        self.assertEqual(len(relay.received), 1)

    def test_a_webhook_that_sends_elsewhere(self):
        desk = self.use(HttpReceiver())
        mute = self.use(HttpReceiver(lambda request: (307, {"to": desk.url})))
        relay = self.use(MailServer())
        self.configure(f"smtp://127.0.0.1:{relay.port}", mute.url, desk.url)
        self.assert_waiting(self.publish(), "mute", "http-307")
        self.assertEqual(len(desk.requests()), 1, "no redirect is followed")

    def test_a_relay_that_is_not_there(self):
        mute, desk = self.use(HttpReceiver()), self.use(HttpReceiver())
        self.configure(f"smtp://127.0.0.1:{support.free_port()}", mute.url, desk.url)
        self.assert_waiting(self.publish(), "amara", "unreachable")

    def test_a_relay_that_refuses_everything(self):
        mute, desk = self.use(HttpReceiver()), self.use(HttpReceiver())
        relay = self.use(MailServer(lambda address: "550 5.7.1 your address is on a block list"))
        self.configure(f"smtp://127.0.0.1:{relay.port}", mute.url, desk.url)
        daemon = self.publish()
        daemon.wait_for("delivery.sent", count=2)
        retry = daemon.wait_for("delivery.retry", subscriber="amara")
        self.assertIn("block list", retry.fields["reply"])
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"]), (2, 1), "what blames the sender blames no reader")

    def test_an_address_inside_that_ops_did_not_allow(self):
        inside = self.use(HttpReceiver())
        relay = self.use(MailServer())
        readers = [support.reader("amara"), support.machine("mute", inside.url.replace("127.0.0.1", "localhost"))]
        config = support.config(f"smtp://127.0.0.1:{relay.port}", subscribers=readers)
        config["channels"]["webhook"] = {"allow_http": True}
        self.newsroom.configure(config)
        daemon = self.publish()
        daemon.wait_for("delivery.sent", subscriber="amara")
        self.assertEqual(daemon.wait_for("delivery.retry", subscriber="mute").fields["reason"], "forbidden")
        self.assertEqual(inside.requests(), [])


if __name__ == "__main__":
    support.main()
