"""The journey of a story: from a file in a folder to mail, WhatsApp, a webhook and share links, once each."""

import base64
import datetime
import hashlib
import hmac
import html.parser
import json
import os
import re
import shutil
import urllib.request

import support
from http_receiver import HttpReceiver

STORY = "harbour-bridge-reopens.txt"
TITLE = "The harbour bridge reopens after nine months"
ID = "the-harbour-bridge-reopens-after-nine-months-2026-05-12"


class Links(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found.append(dict(attributes).get("href", ""))


class JourneyTest(support.NewsroomTest):
    """On the shipped configuration; only its ports are others, and it has no quiet hours."""

    def setUp(self):
        super().setUp()
        self.receiver = self.use(HttpReceiver())
        self.public = f"http://127.0.0.1:{support.free_port()}"
        shutil.copytree(support.ROOT / "config", self.newsroom.folder / "config")
        shutil.copytree(support.ROOT / "templates", self.newsroom.folder / "templates")
        changes = {"127.0.0.1:8080": self.public[7:], "127.0.0.1:8081": "127.0.0.1:0"}
        changes["127.0.0.1:8090"] = self.receiver.url[7:]
        for path in (self.newsroom.folder / "config").rglob("*.yaml"):
            lines = [line for line in path.read_text().splitlines(True) if "quiet_hours:" not in line]
            text = "".join(lines)
            for old, new in changes.items():
                text = text.replace(old, new)
            path.write_text(text)
        self.story = (support.ROOT / "config/samples" / STORY).read_bytes()

    def deliver(self):
        daemon = self.serve()
        self.newsroom.drop(STORY, self.story)
        noticed = daemon.wait_for("story.noticed")
        self.assertEqual((noticed.fields["story"], noticed.fields["title"]), (ID, TITLE))
        daemon.wait_for("delivery.sent", count=int(noticed.fields["matched"]))
        return daemon

    def get(self, path, accept="*/*"):
        request = urllib.request.Request(self.public + path, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=support.PATIENCE) as response:
            return response.headers, response.read().decode()

    def test_email(self):
        self.deliver()
        mails = {mail["To"].addresses[0].addr_spec: mail for mail in self.newsroom.maildir()}
        self.assertEqual(set(mails), {"amara@example.org", "bruno@example.org"})
        mail = mails["amara@example.org"]
        self.assertEqual(mail["Subject"], TITLE)
        self.assertEqual(mail["From"].addresses[0].addr_spec, "alerts@courier.example.org")
        self.assertEqual(mail["From"].addresses[0].display_name, "The Sample Courier")
        self.assertIn("<alerts.courier.example.org>", mail["List-Id"])
        self.assertRegex(mail["Message-ID"], r"^<[0-9a-z-]+@courier\.example\.org>$")
        self.assertNotEqual(mail["Message-ID"], mails["bruno@example.org"]["Message-ID"])
        age = datetime.datetime.now(datetime.timezone.utc) - mail["Date"].datetime
        self.assertLess(abs(age.total_seconds()), 600)
        self.assertEqual(mail.get_content_type(), "multipart/alternative")
        kinds = [part.get_content_type() for part in mail.iter_parts()]
        self.assertEqual(kinds, ["text/plain", "text/html"])
        for part in mail.iter_parts():
            content = " ".join(part.get_content().split())
            self.assertIn("reopened to traffic on Tuesday", content)
            self.assertIn("12 May 2026, 16:05 WAT", content)
            self.assertIn("ou follow Harbours and shipping (“harbour”, “container”, “ship”)", content)
        text, page = (part.get_content() for part in mail.iter_parts())
        self.assertNotIn("<", text.replace("<http", ""))
        links = Links(page).found
        for target in ("https://x.com/intent/post?", "mailto:?", "https://wa.me/?"):
            self.assertTrue([link for link in links if link.startswith(target)], f"{target} in {links}")
        unsubscribe = [link for link in links if link.startswith(self.public + "/u/")]
        self.assertEqual(len(set(unsubscribe)), 1, links)
        self.assertIn(unsubscribe[0], text)

    def test_whatsapp(self):
        self.deliver()
        [request] = self.receiver.wait_for(1, "/v25.0/106540352242922/messages")
        message = json.loads(request.body)
        self.assertEqual((message["messaging_product"], message["type"]), ("whatsapp", "template"))
        self.assertEqual(message["to"].lstrip("+"), "2348012345678")
        self.assertEqual(message["template"]["name"], "story_alert")
        self.assertEqual(message["template"]["language"], {"code": "en_US"})
        parts = {part["type"]: part["parameters"] for part in message["template"]["components"]}
        self.assertEqual(parts["body"][0], {"type": "text", "text": TITLE})
        self.assertTrue(parts["body"][1]["text"].startswith("The swing bridge across the old harbour"))
        self.assertTrue(parts["button"][0]["text"].startswith(ID))
        self.assertTrue(message["biz_opaque_callback_data"])

    def test_webhook(self):
        self.deliver()
        [request] = self.receiver.wait_for(1, "/webhook")
        key = base64.b64decode(self.newsroom.secret("webhook-newsdesk-bot").removeprefix("whsec_"))
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        self.assertEqual(request.headers["webhook-signature"], expected)
        self.assertEqual(request.headers["Content-Type"], "application/json")
        event = json.loads(request.body)
        self.assertEqual(event["type"], "story.published")
        self.assertEqual(event["data"]["subscriber"], "newsdesk-bot")
        story = event["data"]["story"]
        self.assertEqual((story["id"], story["title"]), (ID, TITLE))
        self.assertEqual(story["published"], "2026-05-12T15:05:00Z")
        self.assertEqual((story["topics"], story["regions"]), (["business"], ["Africa"]))

    def test_share_links(self):
        self.deliver()
        headers, body = self.get(f"/share/{ID}", "application/json")
        self.assertTrue(headers["Content-Type"].startswith("application/json"))
        shared = json.loads(body)
        self.assertEqual(shared["story"]["title"], TITLE)
        self.assertLessEqual({"x", "email", "whatsapp"}, set(shared["links"]))
        self.assertTrue(shared["links"]["x"].startswith("https://x.com/intent/post?"))
        self.assertIn("https%3A%2F%2Fcourier.example.org%2F", shared["links"]["x"])
        headers, body = self.get(f"/share/{ID}?format=html")
        self.assertTrue(headers["Content-Type"].startswith("text/html"))
        style = re.fullmatch(r"<style>(.*)</style>\n<ul class=.*</ul>\n", body, re.DOTALL)[1]
        allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertIn(f"style-src 'sha256-{allowed}'", headers["Content-Security-Policy"])
        self.assertIn(f"'sha256-{allowed}'", (support.ROOT / "docs/configuration.md").read_text())
        links = Links(body).found
        self.assertEqual(len(links), 3, links)
        self.assertEqual([link.split(":")[0] for link in links].count("mailto"), 1)
        with self.assertRaises(urllib.error.HTTPError) as unknown:
            self.get("/share/no-such-story")
        self.assertEqual(unknown.exception.code, 404)

    def test_the_books_balance(self):
        self.deliver()
        ledger = self.newsroom.ledger()
        self.assertTrue(ledger["balanced"])
        [story] = ledger["stories"]
        self.assertEqual((story["id"], story["matched"], story["delivered"], story["queued"]), (ID, 4, 4, 0))
        self.assertEqual((story["suppressed"], story["failed"]), ({}, {}))
        delivered = {channel: tally["delivered"] for channel, tally in ledger["channels"].items()}
        self.assertEqual(delivered, {"email": 2, "whatsapp": 1, "webhook": 1})
        self.assertEqual(sum(tally["delivered"] for tally in ledger["lanes"].values()), 4)
        self.assertTrue(self.newsroom.run("ledger", ID).endswith("The books balance.\n"))

    def test_every_decision_is_explained(self):
        self.deliver()
        account = self.newsroom.run_json("explain", ID, "amara")
        rules = {rule["rule"]: rule["explanation"] for rule in account["rules"]}
        self.assertTrue(rules["harbours"]["matched"])
        words = [word["text"] for reason in rules["harbours"]["because"] for word in reason["words"]]
        self.assertIn("harbour", words)
        self.assertFalse(rules["china-russia"]["matched"])
        fates = sorted((fate["channel"], fate["state"]) for fate in account["ledger"])
        self.assertEqual(fates, [("email", "delivered"), ("whatsapp", "delivered")])
        self.assertIn("harbour", self.newsroom.run("explain", self.newsroom.stories / STORY, "bruno"))

    def test_a_story_is_sent_once(self):
        daemon = self.deliver()
        path = self.newsroom.stories / STORY

        def touch():
            path.open("ab").close()

        def rename():
            path.rename(path.with_name("renamed.txt"))

        def rewrite():
            path.with_name("renamed.txt").write_bytes(self.story)

        for count, change in enumerate((touch, rename, rewrite), start=1):
            change()
            daemon.wait_for("story.unchanged", count=count, story=ID)
        daemon.stop()
        again = self.serve()
        again.wait_for("story.unchanged", story=ID)
        again.stop()
        self.assertEqual((len(self.newsroom.maildir()), len(self.receiver.requests())), (2, 2))
        self.assertEqual(self.totals()["delivered"], 4)

    def test_a_story_that_is_withheld_stays_so_after_a_restart(self):
        def put(name, status):
            self.newsroom.drop(name, json.dumps({"id": "h1", "title": "The harbour burns", "status": status}))

        put("1.json", "withheld")
        daemon = self.serve()
        daemon.wait_for("story.noticed", story="h1", status="withheld")
        put("2.json", "usable")
        daemon.wait_for("story.noticed", story="h1", version=2)
        put("3.json", "withheld")
        daemon.wait_for("story.noticed", story="h1", version=3)
        daemon.stop()
        before = self.totals()
        again = self.serve()
        again.wait_for("story.unchanged", count=3, story="h1", version=3)
        again.stop()
        self.assertEqual(self.totals(), before)

    def test_a_file_written_in_pieces_is_read_whole(self):
        daemon = self.serve_watching()
        half = len(self.story) // 2
        with open(self.newsroom.stories / STORY, "wb") as file:
            for piece in (self.story[:half], self.story[half:]):
                file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        daemon.wait_for("delivery.sent", count=4)
        daemon.stop()
        [story] = self.newsroom.ledger(ID)["stories"]
        self.assertEqual((story["version"], story["matched"]), (1, 4))

    def test_a_new_version_alerts_nobody_twice(self):
        daemon = self.deliver()
        self.newsroom.drop(STORY, self.story.replace(b"Dockworkers lined", b"Dockworkers and children lined"))
        update = daemon.wait_for("story.noticed", count=2)
        self.assertEqual((update.fields["story"], update.fields["version"], update.fields["is"]), (ID, "2", "update"))
        daemon.wait_for("story.suppressed", count=4, reason="had an earlier version")
        daemon.stop()
        self.assertEqual(len(self.newsroom.maildir()), 2)
        self.assertEqual(self.totals()["suppressed"], {"had an earlier version": 4})


if __name__ == "__main__":
    support.main()
