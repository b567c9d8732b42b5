"""When editions are due, also in nights that daylight saving makes unusual, and what one would hold now."""

import datetime
import email
import email.policy

import support

# Zone, date, local time and the UTC instant: gaps and overlaps, of half an hour, at midnight.
INSTANTS = [
    ("Europe/Berlin", "2027-03-28", "02:30", "2027-03-28T01:30:00Z"),
    ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"),
    ("America/New_York", "2027-03-14", "02:30", "2027-03-14T07:30:00Z"),
    ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00Z"),
    ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45:00Z"),
    ("Africa/Cairo", "2027-04-30", "00:00", "2027-04-29T22:00:00Z"),
    ("Africa/Cairo", "2026-10-29", "23:30", "2026-10-29T20:30:00Z"),
    ("America/Santiago", "2027-09-05", "00:30", "2027-09-05T04:30:00Z"),
]


class ScheduleTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        editions = {
            "lagos-morning": {"title": "Lagos Morning", "at": "07:00", "zone": "Africa/Lagos"},
            "berlin-weekly": {"title": "Berlin Weekly", "at": "08:30", "zone": "Europe/Berlin", "days": ["mon"]},
        }
        morning = [{"topic": "harbours", "deliver": "lagos-morning"}]
        readers = [support.reader("amara", follow=morning), support.reader("bruno")]
        self.newsroom.configure(support.config(editions=editions, subscribers=readers))

    def next(self, *arguments):
        return self.newsroom.run("next", *arguments).splitlines()

    def test_unusual_nights(self):
        for zone, day, at, instant in INSTANTS:
            with self.subTest(zone=zone, day=day):
                before = datetime.date.fromisoformat(day) - datetime.timedelta(days=3)
                timing = ["--zone", zone, "--at", at, "--after", f"{before}T00:00:00Z", "--count", 6]
                found = self.newsroom.run_json("next", *timing)
                on_the_day = [each["at"] for each in found if each["nominal"] == f"{day}T{at}"]
                self.assertEqual(on_the_day, [instant], found)
                days = [each["nominal"][:10] for each in found]
                self.assertEqual(len(set(days)), 6, "each day once")

    def test_a_time_or_number_that_is_none_is_a_mistake_of_usage(self):
        story = self.newsroom.write("story.txt", support.page("The harbour"))
        for command in (
            ["match", story, "--at", "tomorrow"],
            ["explain", story, "bruno", "--at", "2026-11-23"],
            ["next", "lagos-morning", "--after", "07:00"],
            ["next", "lagos-morning", "--count", "0"],
            ["next", "lagos-morning", "--count", "2x"],
            ["ledger", "--limit", "-1"],
        ):
            with self.subTest(command=command[0], value=command[-1]):
                self.assertEqual(self.newsroom.run(*command, code=64), "")

    def test_explain_and_match_call_a_rule_the_same(self):
        story = self.newsroom.write("story.txt", support.page("The harbour"))
        at = ["--at", "2026-11-23T12:00:00Z"]
        matched = self.newsroom.run_json("match", story, *at)
        explained = self.newsroom.run_json("explain", story, "bruno", *at)
        self.assertEqual(matched["rules"], [rule["rule"] for rule in explained["rules"]])
        bruno = next(each for each in matched["deliveries"] if each["subscriber"] == "bruno")
        self.assertEqual(bruno["at"], "2026-11-23T12:00:00Z")

    def test_editions(self):
        after = ["--after", "2026-11-23T00:00:00Z"]
        self.assertEqual(self.next("lagos-morning", *after), ["2026-11-23T06:00:00Z"])
        weekly = self.next("berlin-weekly", *after, "--count", 2)
        self.assertEqual(weekly, ["2026-11-23T07:30:00Z", "2026-11-30T07:30:00Z"])
        tuesdays = self.next("--zone", "UTC", "--at", "12:00", "--days", "tue,thu", *after, "--count", 3)
        self.assertEqual(tuesdays, ["2026-11-24T12:00:00Z", "2026-11-26T12:00:00Z", "2026-12-01T12:00:00Z"])

    def test_what_cannot_be_answered(self):
        self.newsroom.run("next", "lagos-mornin", code=66)
        self.newsroom.run("next", code=64)
        self.newsroom.run("next", "--zone", "CST", "--at", "07:00", code=64)
        self.newsroom.run("next", "--zone", "Europe/Berlin", "--at", "25:00", code=64)
        self.newsroom.run("next", "lagos-morning", "--after", "tomorrow", code=64)

    def test_an_edition_gathers_and_can_be_looked_at(self):
        self.newsroom.run("preview", "lagos-morning", "--to", "amara", code=1)
        daemon = self.serve()
        titles = ["First harbour news", "Second harbour news"]
        for title in titles:
            self.newsroom.drop(f"{title}.txt", support.page(title))
        daemon.wait_for("delivery.sent", count=2)
        files = self.newsroom.run_json("preview", "lagos-morning", "--to", "amara")
        mail = email.message_from_string(files["email.eml"], policy=email.policy.default)
        self.assertTrue(mail["Subject"].startswith("Lagos Morning: "))
        self.assertIn("<lagos-morning.courier.example.org>", mail["List-Id"])
        for kind in ("plain", "html"):
            content = mail.get_body((kind,)).get_content()
            for title in titles:
                self.assertIn(title, content)
        self.newsroom.run("preview", "lagos-morning", "--to", "bruno", code=1)
        daemon.stop()
        self.assertEqual(len(self.newsroom.maildir()), 2, "a preview sends nothing")
        total = self.totals()
        self.assertEqual((total["matched"], total["delivered"], total["queued"]), (4, 2, 2))
        outcome = self.newsroom.run_json("explain", self.newsroom.stories / f"{titles[0]}.txt", "amara")["outlook"]
        self.assertIn("email in lagos-morning", outcome[0])

    def test_a_withdrawn_story_leaves_the_edition(self):
        daemon = self.serve()
        story = '{"id": "s1", "title": "Harbour news", "body_text": "All of it.", "status": "usable", "version": 1}'
        self.newsroom.drop("s1.json", story)
        daemon.wait_for("delivery.sent", subscriber="bruno")
        self.newsroom.drop("s1.json", story.replace("usable", "canceled").replace('"version": 1', '"version": 2'))
        daemon.wait_for("story.noticed", status="canceled")
        self.newsroom.run("preview", "lagos-morning", "--to", "amara", code=1)
        daemon.stop()
        [first] = [each for each in self.newsroom.ledger("s1")["stories"] if each["version"] == 1]
        self.assertEqual((first["delivered"], first["queued"], first["suppressed"]), (1, 0, {"canceled": 1}))


if __name__ == "__main__":
    support.main()
