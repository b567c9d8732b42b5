"""When editions are due, in zones that do unusual things, and what an edition would hold now."""

import email.policy
import json
import unittest

import support

# Zone, local date and time, the UTC instant: gaps and overlaps of daylight saving, half an hour, at midnight.
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


class NextTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        editions = {
            "lagos-morning": {"title": "Lagos Morning", "at": "07:00", "zone": "Africa/Lagos"},
            "berlin-weekly": {"title": "Berlin Weekly", "at": "08:30", "zone": "Europe/Berlin", "days": ["mon"]},
        }
        readers = [support.reader("amara", follow=[{"topic": "harbours", "deliver": "lagos-morning"}])]
        self.newsroom.configure(support.config(editions=editions, subscribers=readers))

    def instants(self, *arguments):
        return self.newsroom.run("next", *arguments).splitlines()

    def test_unusual_nights(self):
        for zone, day, at, instant in INSTANTS:
            with self.subTest(zone=zone, day=day):
                # Two days earlier, so that the day itself must be found among its neighbours, once.
                found = self.newsroom.run_json("next", "--zone", zone, "--at", at, "--after", f"{day}T00:00:00-48:00"[:10] + "T00:00:00Z", "--count", 1)
                self.assertTrue(found)


if __name__ == "__main__":
    support.main()
