"""Webhooks as a receiver sees them that verifies with the published package, not with crier's own code."""

import base64
import json
import queue
import shutil
import socket
import subprocess
import tempfile
import threading

import support

TITLE = "The harbour “bridge” re\\opens — 港 🚢"


class WebhookTest(support.NewsroomTest):
    @classmethod
    def setUpClass(cls):
        cls.receiver = tempfile.mkdtemp(prefix="crier-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.receiver, ignore_errors=True)
        shutil.copytree(support.ROOT / "tests/e2e/webhook_receiver", cls.receiver, dirs_exist_ok=True)
        install = ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"]
        subprocess.run(install, cwd=cls.receiver, check=True, capture_output=True, timeout=300)

    def setUp(self):
        super().setUp()
        secret = self.newsroom.state / "secrets/webhook-desk"
        self.node = subprocess.Popen(["node", "receiver.mjs", secret], cwd=self.receiver, stdout=subprocess.PIPE)
        self.addCleanup(self.end_node)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        port = self.read()["port"]
        config = support.config(subscribers=[support.machine("desk", f"http://127.0.0.1:{port}/events")])
        config["channels"] = {"webhook": {"allow_http": True, "allow": ["127.0.0.1"]}}
        self.newsroom.configure(config)

    def end_node(self):
        self.node.kill()
        self.node.wait()
        self.node.stdout.close()

    def listen(self):
        for line in self.node.stdout:
            self.lines.put(json.loads(line))

    def read(self):
        """What the receiver says next."""
        return self.lines.get(timeout=support.PATIENCE)

    def test_the_package_verifies_the_signature(self):
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page(TITLE))
        got = self.read()
        self.assertTrue(got["verified"], got)
        self.assertRegex(got["id"], r"^msg_[0-9A-Za-z_-]+$")
        self.assertEqual(got["event"]["type"], "story.published")
        self.assertEqual(got["event"]["data"]["story"]["title"], TITLE)
        daemon.wait_for("delivery.sent")
        daemon.stop()
        self.assertEqual(self.totals()["delivered"], 1)

    def test_an_endpoint_that_is_not_there_is_nobody_elses_trouble(self):
        silent = socket.socket()
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        address = silent.getsockname()
        for _ in range(2):  # its line is full: it takes no connection and refuses none
            waiting = socket.socket()
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(address)
        config = json.loads((self.newsroom.folder / "config/crier.yaml").read_text())
        config["subscribers"].append(support.machine("nobody", f"http://127.0.0.1:{address[1]}/events"))
        config["channels"]["webhook"]["timeout"] = "1s"
        self.newsroom.configure(config)
        daemon = self.serve()
        self.newsroom.drop("first.txt", support.page("The harbour reopens"))
        self.assertTrue(self.read()["verified"])
        self.assertEqual(daemon.wait_for("delivery.retry", subscriber="nobody").fields["reason"], "timeout")
        self.newsroom.drop("second.txt", support.page("The harbour closes"))
        self.assertTrue(self.read()["verified"])
        daemon.wait_for("delivery.sent", count=2, subscriber="desk")
        daemon.stop()
        self.assertEqual(daemon.events("delivery.retry", subscriber="desk"), [])

    def test_a_refused_signature_is_sent_again_with_the_same_id(self):
        daemon = self.serve()
        path = self.newsroom.state / "secrets/webhook-desk"
        secret = path.read_text()
        path.write_text("whsec_" + base64.b64encode(bytes(32)).decode())
        self.newsroom.drop("story.txt", support.page(TITLE))
        refused = self.read()
        self.assertFalse(refused["verified"])
        retry = daemon.wait_for("delivery.retry")
        self.assertEqual(retry.fields["reason"], "http-400")
        self.assertEqual(self.totals()["queued"], 1)
        path.write_text(secret)
        again = self.read()  # five seconds later
        self.assertTrue(again["verified"], again)
        self.assertEqual(again["id"], refused["id"])
        daemon.wait_for("delivery.sent")
        daemon.stop()
        self.assertEqual((self.totals()["delivered"], self.totals()["queued"]), (1, 0))


if __name__ == "__main__":
    support.main()
