"""Rules are tried before they are trusted: on tests beside them, on files of stories, on the past days."""

import csv
import io
import json
import os
import pty
import shutil
import sqlite3
import subprocess

import support


def story(id, title, **fields):
    return {"id": id, "title": title, "body_text": f"All of {title}."} | fields


class TrialTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.newsroom.configure(support.config())

    def complaint(self, *arguments, code):
        """What a command says on standard error, and its standard output."""
        done = subprocess.run(
            [support.CRIER, *map(str, arguments)],
            cwd=self.newsroom.folder,
            env=support.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=support.PATIENCE,
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr, done.stdout

    def publish(self, *stories):
        """By the daemon, which ends afterwards."""
        daemon = self.serve()
        for item in stories:
            self.newsroom.drop(f"{item['id']}-{item.get('version', 1)}.json", json.dumps(item))
            daemon.wait_for("story.noticed", story=item["id"], version=item.get("version", 1))
        daemon.stop()

    def age(self, **days):
        """Makes as if stories had been seen days ago. Only while no daemon runs."""
        with sqlite3.connect(self.newsroom.state / "crier.db") as database:
            for id, count in days.items():
                database.execute("UPDATE story SET seen_at = seen_at - ? WHERE id = ?", (count * 86_400_000, id))
        database.close()


class RuleTestsTest(TrialTest):
    """crier test"""

    STORY = support.page("The harbour freezes", date="Oct 18, 2023, 3:37pm EDT")

    def configure(self, *tests, **sections):
        self.newsroom.configure(support.config(tests=list(tests), **sections))

    def test_the_shipped_tests_pass(self):
        shutil.rmtree(self.newsroom.folder / "config")
        shutil.copytree(support.ROOT / "config", self.newsroom.folder / "config")
        shutil.copytree(support.ROOT / "templates", self.newsroom.folder / "templates")
        said = self.newsroom.run("test")
        self.assertRegex(said, r"\n[1-9]\d* passed, 0 failed\n$")
        done = self.newsroom.run_json("test")
        self.assertEqual((done["failed"], done["unreadable"]), (0, 0))
        self.assertTrue(all(test["ok"] for test in done["tests"]))

    def test_a_mismatch_says_what_and_why(self):
        self.newsroom.write("freeze.txt", self.STORY)
        self.configure({"story": "freeze.txt", "expect": {"amara": ["alert email"]}})
        said = self.newsroom.run("test", code=1)
        self.assertRegex(said, r"FAIL +config/crier.yaml:\d+ freeze.txt at 2023-10-18T19:37:00Z\n")
        self.assertIn("  bruno\n    unexpected  alert email", said)
        self.assertIn("harbours: matched: harbour (title word 2)", said)
        self.assertTrue(said.endswith("\n0 passed, 1 failed\n"), said)
        done = self.newsroom.run_json("test", code=1)
        [difference] = done["tests"][0]["differences"]
        self.assertEqual((difference["is"], difference["subscriber"]), ("unexpected", "bruno"))
        self.assertEqual((difference["delivery"], difference["at"]), ("alert email", "2023-10-18T19:37:00Z"))

    def test_a_missing_delivery_names_the_rule_that_did_not_match(self):
        self.newsroom.write("thaw.txt", support.page("The river thaws"))
        self.configure({"story": "thaw.txt", "expect": {"amara": ["alert email"]}})
        said = self.newsroom.run("test", code=1)
        self.assertIn("    missing     alert email\n      harbours: no match: needs harbour; it does not occur\n", said)

    def test_a_story_may_lie_beside_the_test(self):
        self.newsroom.write("config/cases/freeze.txt", self.STORY)
        both = {"amara": ["alert email"], "bruno": ["alert email"]}
        self.configure({"story": "cases/freeze.txt", "expect": both})
        self.assertTrue(self.newsroom.run("test").endswith("1 passed, 0 failed\n"))

    def test_unreadable_stories(self):
        self.configure({"story": "nowhere.txt", "expect": {}})
        self.assertIn("nowhere.txt: there is no such file", self.newsroom.run("test", code=66))
        self.newsroom.write("broken.json", '{"id": "x", ')
        self.configure({"story": "broken.json", "expect": {}}, {"story": "nowhere.txt", "expect": {}})
        self.assertIn("0 passed, 0 failed, 2 could not be run", self.newsroom.run("test", code=66))
        self.configure({"story": "nowhere.txt", "expect": {}}, {"story": "broken.json", "expect": {}})
        self.newsroom.run("test", code=65)
        self.newsroom.write("freeze.txt", self.STORY)
        self.configure({"story": "nowhere.txt", "expect": {}}, {"story": "freeze.txt", "expect": {}})
        self.newsroom.run("test", code=1)  # a failed test outweighs one that could not be run

    def test_no_tests(self):
        self.assertIn("no tests", self.newsroom.run("test"))

    def test_another_file_of_rules(self):
        self.newsroom.write("freeze.txt", self.STORY)
        rules = {
            "topics": {"ice": {"any": ["freezes"]}},
            "subscribers": [support.reader("chidi", follow=[{"topic": "ice"}])],
            "tests": [{"story": "freeze.txt", "expect": {"chidi": ["alert email"]}}],
        }
        self.newsroom.write("rules.yaml", json.dumps(rules))
        self.assertIn("1 passed", self.newsroom.run("test", "--rules", "rules.yaml"))


class MatchTest(TrialTest):
    """crier match on one story"""

    def test_a_story_that_is_stopped_has_rules_but_no_deliveries(self):
        for status in ("canceled", "withheld"):
            self.newsroom.write("stopped.json", json.dumps(story("s", "The harbour freezes", status=status)))
            answer = self.newsroom.run_json("match", "stopped.json")
            self.assertEqual((answer["rules"], answer["deliveries"]), (["harbours"], []))
            self.assertEqual(answer["not_sent"], f"the story is {status}")
            said = self.newsroom.run("match", "stopped.json")
            self.assertIn(f"  rule harbours\n  would send nothing: the story is {status}\n", said)
            self.assertNotIn("amara", said)
            self.assertIn(f"would send: nothing: the story is {status}", self.newsroom.run("explain", "stopped.json", "amara"))

    def test_an_embargo_is_waited_for_and_quiet_hours_do_not_hold_an_edition(self):
        editions = {"morning": {"at": "07:00", "zone": "UTC"}}
        follow = [{"topic": "harbours"}, {"topic": "harbours", "deliver": "morning"}]
        readers = [support.reader("amara", follow=follow, timezone="UTC", quiet_hours="22:00-08:00")]
        self.newsroom.configure(support.config(editions=editions, subscribers=readers))
        self.newsroom.write("later.json", json.dumps(story("s", "The harbour", embargo="2026-11-25T23:00:00Z")))
        answer = self.newsroom.run_json("match", "later.json", "--at", "2026-11-24T12:00:00Z")
        times = {delivery["deliver"]: delivery["at"] for delivery in answer["deliveries"]}
        self.assertEqual(times, {"alert": "2026-11-26T08:00:00Z", "morning": "2026-11-26T07:00:00Z"})
        self.assertNotIn("not_sent", answer)


class OneOfSeveralTest(TrialTest):
    """Commands about one story, and a file that holds several."""

    def setUp(self):
        super().setUp()
        self.newsroom.write("three.json", json.dumps([story(id, f"The harbour {id}") for id in ("h1", "h2", "h3")]))

    def test_the_first_is_taken_and_that_is_said(self):
        for command, *more in (["explain", "amara"], ["preview", "--to", "amara"], ["share"]):
            said, out = self.complaint(command, "three.json", *more, code=0)
            self.assertIn("harbour" if command == "explain" else "h1", out)
            self.assertIn('three.json: this is about the first of 3 stories, "h1"; name another as three.json#ID', said)

    def test_another_is_taken_by_its_id(self):
        said, out = self.complaint("share", "three.json#h3", code=0)
        self.assertIn("h3", out)
        self.assertEqual(said, "")
        said, _ = self.complaint("share", "three.json#h9", code=66)
        self.assertIn('three.json: there is no story "h9" in it', said)


class LedgerTest(TrialTest):
    """crier ledger, as people read it"""

    def test_a_long_title_is_cut_to_the_line(self):
        title = "The harbour " + "新港湾の知らせ" * 40
        self.publish(story("h1", title))
        [row] = [line for line in self.newsroom.run("ledger").splitlines() if "h1 v1 “" in line]
        columns = sum(2 if ord(char) >= 0x3000 else 1 for char in row)
        self.assertTrue(row.endswith("…”"), row)
        self.assertLessEqual(columns, 61 + len("h1 v1 “”") + 24)
        [entry] = self.newsroom.ledger()["stories"]
        self.assertEqual(entry["title"], title)

    def test_an_export_is_whole_or_says_that_it_is_not(self):
        ids = {f"h{i}" for i in range(21)}  # one more than a screenful
        self.publish(*(story(id, f"The harbour {id}") for id in ids))
        self.assertEqual(self.newsroom.ledger()["left_out"], {"stories": 1, "batches": 1})

        said, out = self.complaint("ledger", "--csv", code=0)
        self.assertEqual(said, "")
        records = list(csv.DictReader(io.StringIO(out)))
        for entry in ("story", "batch"):
            self.assertEqual({each["story"] for each in records if each["entry"] == entry}, ids)
        said, out = self.complaint("ledger", "--subscriber", "amara", "--csv", code=0)
        self.assertEqual(said, "")
        self.assertEqual({each["story"] for each in csv.DictReader(io.StringIO(out))}, ids)

        said, out = self.complaint("ledger", "--csv", "--limit", "20", code=0)
        self.assertIn("leaves out 1 older stories and 1 older batches", said)
        cut = list(csv.DictReader(io.StringIO(out)))
        self.assertEqual(len(cut), len(records) - 2)
        parts = [each for each in cut if each["entry"] in ("channel", "lane")]
        self.assertEqual(parts, [each for each in records if each["entry"] in ("channel", "lane")])
        said, out = self.complaint("ledger", "--subscriber", "amara", "--csv", "--limit", "20", code=0)
        self.assertIn("--limit leaves out deliveries", said)
        self.assertEqual(len(list(csv.DictReader(io.StringIO(out)))), 20)


class ManyStoriesTest(TrialTest):
    """crier match --stories"""

    RULES = {"topics": {"ice": {"any": ["freezes", "thaws"]}, "rivers": {"any": ["river"]}}}

    def setUp(self):
        super().setUp()
        self.newsroom.write("rules.yaml", json.dumps(self.RULES))

    def match(self, *lines, code=0):
        self.newsroom.write("stories.jsonl", "\n".join(lines) + "\n")
        return self.complaint("match", "--stories", "stories.jsonl", "--rules", "rules.yaml", "--json", code=code)

    def test_one_line_per_story(self):
        stories = [story("1", "The river thaws"), story("2", "The harbour freezes"), story("3", "Nothing")]
        said, out = self.match(*map(json.dumps, stories))
        answers = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([answer["id"] for answer in answers], ["1", "2", "3"])
        self.assertEqual([answer["rules"] for answer in answers], [["ice", "rivers"], ["ice"], []])
        self.assertEqual(said, "")

    def test_a_broken_line_is_named_and_passed_over(self):
        good = json.dumps(story("1", "The river thaws"))
        lines = [good, "", '{"id": "2", "title": ', "7", '{"id": "3"', '{"body_text": "nameless"}', "\x00\xff", good]
        said, out = self.match(*lines, code=65)
        self.assertEqual(len(out.splitlines()), 2)
        places = [line.split(": ")[1] for line in said.splitlines()]
        self.assertEqual([place.split(":")[:2] for place in places], [["stories.jsonl", n] for n in "34567"])

    def test_a_story_that_says_nothing_is_a_broken_line(self):
        stop = json.dumps({"id": "4", "status": "canceled"})
        said, out = self.match('{"id": "3"}', stop, json.dumps({"id": "5", "summary": "A river"}), code=65)
        self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], ["4", "5"])
        self.assertEqual(said, 'crier match: stories.jsonl:1: story "3" has neither a title nor a text\n')

    def test_an_option_that_is_not_there(self):
        said, _ = self.complaint("match", "--stories", "stories.jsonl", "--josn", code=64)
        self.assertIn("unrecognised option '--josn' (did you mean \"--json\"?)\n", said)
        said, _ = self.complaint("match", "--sotries=stories.jsonl", code=64)
        self.assertIn("unrecognised option '--sotries=stories.jsonl' (did you mean \"--stories\"?)\n", said)

    def test_a_line_of_any_length(self):
        long = json.dumps(story("long", "The river thaws", body_text="mud " * 100_000))
        absurd = '{"id": "absurd", "title": "' + "river " * 3_000_000 + '"}'
        said, out = self.match(long, absurd, json.dumps(story("1", "A river")), code=65)
        self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], ["long", "1"])
        self.assertIn("stories.jsonl:2: ", said)

    def test_the_last_line_needs_no_end(self):
        self.newsroom.write("stories.jsonl", json.dumps(story("1", "A river")))
        answer = self.newsroom.run_json("match", "--stories", "stories.jsonl", "--rules", "rules.yaml")
        self.assertEqual(answer["rules"], ["rivers"])

    def test_no_such_file(self):
        said, _ = self.complaint("match", "--stories", "nowhere.jsonl", code=66)
        self.assertIn("nowhere.jsonl: No such file", said)

    def test_the_memory_stays_small(self):
        line = json.dumps(story("1", "Nothing", body_text="mud " * 250_000))
        self.newsroom.write("small.jsonl", line + "\n")
        self.newsroom.write("large.jsonl", f"{line}\n" * 60)  # 60 MB

        def peak(name):
            arguments = ["match", "--stories", name, "--rules", "rules.yaml", "--json"]
            script = (
                "import resource, subprocess, sys\n"
                "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
            )
            # A sanitizer keeps freed memory for a while; that is not what is measured.
            options = support.environment()["ASAN_OPTIONS"] + ":quarantine_size_mb=1"
            done = subprocess.run(
                ["/usr/bin/python3", "-c", script, str(support.CRIER), *arguments],
                cwd=self.newsroom.folder,
                env=support.environment(ASAN_OPTIONS=options),
                capture_output=True,
                text=True,
                check=True,
            )
            return int(done.stdout)  # kilobytes

        self.assertLess(peak("large.jsonl") - peak("small.jsonl"), 30_000)


class ReplayTest(TrialTest):
    """crier replay, crier topics"""

    def test_gained_and_lost(self):
        self.publish(story("a", "The harbour freezes"), story("b", "The river thaws"), story("c", "Harbour and river"))
        self.age(a=3, b=2, c=1)
        self.newsroom.write("change.yaml", json.dumps({"topics": {"harbours": {"any": ["river"]}}}))
        done = self.newsroom.run_json("replay", "--since", "7d", "--rules", "change.yaml")
        self.assertEqual(done["stories"], 3)
        total = done["total"]
        self.assertEqual((total["deliveries"], total["candidate_deliveries"]), (4, 4))
        self.assertEqual((total["gained"], total["lost"]), (2, 2))
        [topic] = done["topics"]
        self.assertEqual((topic["topic"], topic["gained"], topic["lost"]), ("harbours", 2, 2))
        [gained] = topic["examples"]["gained"]
        self.assertEqual((gained["title"], gained["subscribers"]), ("The river thaws", ["amara", "bruno"]))
        [lost] = topic["examples"]["lost"]
        self.assertEqual(lost["title"], "The harbour freezes")
        changes = [(day["gained"], day["lost"]) for day in done["days"] if day["gained"] or day["lost"]]
        self.assertEqual(changes, [(0, 2), (2, 0)])
        self.assertAlmostEqual(done["forecast"]["candidate"]["a_day"], 4 / 3, places=1)
        said, text = self.complaint("replay", "--rules", "change.yaml", code=0)
        self.assertRegex(said, r"the story log begins at \S+: it holds 3\.0 days of the 7\.0 days asked for")
        self.assertIn("“The river thaws”  harbours: 2 deliveries to amara, bruno", text)
        self.assertIn("Forecast of deliveries with change.yaml: about 1 a day, all alerts", text)

    def test_the_running_rules_alone(self):
        self.publish(story("a", "The harbour freezes"), story("b", "The river thaws"))
        done = self.newsroom.run_json("replay")
        self.assertEqual((done["stories"], done["total"]["deliveries"]), (2, 2))
        self.assertNotIn("gained", done["total"])
        self.assertIn("Forecast of deliveries: about 2 a day, all alerts", self.newsroom.run("replay"))

    def test_the_latest_version_counts_and_a_canceled_story_does_not(self):
        self.publish(
            story("a", "The harbour freezes", version=1),
            story("a", "The harbour thaws", version=2),
            story("b", "Another harbour", version=1),
            story("b", "Another harbour", version=2, status="canceled"),
        )
        self.newsroom.write("change.yaml", json.dumps({"topics": {"harbours": {"any": ["thaws", "another"]}}}))
        done = self.newsroom.run_json("replay", "--rules", "change.yaml")
        self.assertEqual((done["stories"], done["total"]["candidate_deliveries"]), (1, 2))

    def test_beside_the_daemon(self):
        daemon = self.serve()
        self.newsroom.drop("a.json", json.dumps(story("a", "The harbour freezes")))
        daemon.wait_for("delivery.sent", count=2)
        self.assertEqual(self.newsroom.run_json("replay")["stories"], 1)
        self.newsroom.drop("b.json", json.dumps(story("b", "Another harbour")))
        daemon.wait_for("delivery.sent", count=4)
        self.assertEqual(self.newsroom.run_json("replay")["stories"], 2)

    def test_what_cannot_be_replayed(self):
        said, _ = self.complaint("replay", code=66)
        self.assertIn("no story has been seen yet", said)
        self.publish(story("a", "The harbour freezes"))
        said, _ = self.complaint("replay", "--until", "2001-01-01T00:00:00Z", code=66)
        self.assertIn("the story log begins at", said)
        for arguments in (["--since", "soon"], ["--since", "-1d"], ["--until", "noon"], ["more"]):
            self.complaint("replay", *arguments, code=64)
        self.newsroom.write("bad.yaml", "topics: {a: {any: ['x y']}}\n")
        said, _ = self.complaint("replay", "--rules", "bad.yaml", code=78)
        self.assertIn("bad.yaml:1:", said)

    def test_a_file_of_rules_that_is_not_there_is_a_missing_input(self):
        self.newsroom.write("freeze.txt", support.page("The harbour freezes"))
        for command in (["match", "freeze.txt"], ["test"], ["replay"]):
            said, _ = self.complaint(*command, "--rules", "nowhere.yaml", code=66)
            self.assertEqual(said, f"crier {command[0]}: nowhere.yaml: there is no such file\n")

    def test_topics(self):
        topics = {"harbours": {"any": ["harbour"]}, "volcanoes": {"any": ["volcano*"]}}
        self.newsroom.configure(support.config(topics=topics))
        self.publish(story("a", "The harbour freezes"), story("b", "The river thaws"))
        done = self.newsroom.run_json("topics")
        rows = {topic["topic"]: topic for topic in done["topics"]}
        self.assertEqual((rows["harbours"]["stories"], rows["harbours"]["followers"]), (1, 2))
        self.assertEqual(rows["harbours"]["last_title"], "The harbour freezes")
        self.assertEqual(done["never_fired"], ["volcanoes"])
        self.assertEqual((done["unheard_count"], done["unheard"][0]["title"]), (1, "The river thaws"))
        self.assertEqual(done["costliest"][0], "harbours")  # one story of two leads to it
        self.assertGreater(rows["harbours"]["cost"], rows["volcanoes"]["cost"])
        text = self.newsroom.run("topics", "--since", "1d")
        self.assertIn("never fired (1)\n  volcanoes\n", text)
        self.assertIn("“The river thaws”", text)


class ExplainTest(TrialTest):
    """crier explain shows the story around the words."""

    def on_a_terminal(self, *arguments, **variables):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [support.CRIER, *map(str, arguments)],
            cwd=self.newsroom.folder,
            env=support.environment(TERM="xterm", **variables),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
        )
        os.close(theirs)
        out = b""
        try:
            while piece := os.read(ours, 65536):
                out += piece
        except OSError:
            pass  # how Linux says that the other end is closed
        os.close(ours)
        self.assertEqual(process.wait(support.PATIENCE), 0)
        return out.decode()

    def test_highlighting(self):
        self.newsroom.write("freeze.txt", support.page("The harbour freezes"))
        self.assertIn("title    The [harbour] freezes\n", self.newsroom.run("explain", "freeze.txt", "amara"))
        on_terminal = self.on_a_terminal("explain", "freeze.txt", "amara")
        self.assertIn("The \x1b[1;33mharbour\x1b[0m freezes", on_terminal)
        plain = self.on_a_terminal("explain", "freeze.txt", "amara", NO_COLOR="1")
        self.assertNotIn("\x1b", plain)
        self.assertIn("The [harbour] freezes", plain)


if __name__ == "__main__":
    support.main()
