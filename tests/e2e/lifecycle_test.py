"""Start, reload, drain and stop as systemd sees them; health, metrics, the push API and unsubscribing."""

import base64
import hmac
import json
import os
import re
import signal
import socket
import sqlite3
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import support
from bad_peer import BadPeer
from http_receiver import HttpReceiver, accept
from mail_server import MailServer


def call(url, body=None, **headers):
    """The status, headers and body of an answer, whatever it is."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=support.PATIENCE) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read().decode()


def connecting_to(port):
    """How many connections to a port of this machine are not accepted yet."""
    syn_sent = "02"
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return sum(1 for row in rows if row[2].endswith(f":{port:04X}") and row[3] == syn_sent)


class MissingChannelTest(support.NewsroomTest):
    """A channel that is taken out of the configuration while something is owed on it."""

    def configure(self, **channels):
        self.newsroom.configure(support.config(
            subscribers=[support.reader("amara", webhook=self.receiver.url),
                         support.reader("bruno", webhook=self.receiver.url,
                                        follow=[{"topic": "harbours", "deliver": "weekly"}])],
            editions={"weekly": {"title": "The Week", "at": "00:00", "zone": "UTC", "days": ["mon"]}},
            channels={"webhook": {"allow_http": True, "allow": ["127.0.0.1"]}, **channels}))

    def test_what_is_owed_on_it_waits_until_it_is_back(self):
        self.receiver = self.use(HttpReceiver())
        answers = ["451 4.3.2 not now"]
        relay = self.use(MailServer(lambda address: answers[0]))
        email = {"relay": f"smtp://127.0.0.1:{relay.port}", "from": "alerts@courier.example.org"}
        self.configure(email=email)
        daemon = self.serve()
        story = self.newsroom.drop("1.txt", support.page("Harbour news"))
        daemon.wait_for("delivery.retry", channel="email")
        daemon.wait_for("delivery.sent", channel="webhook")
        daemon.stop()

        self.configure()
        self.newsroom.let_retries_be_due()
        daemon = self.serve()
        missing = daemon.wait_for("channel.missing")
        # An alert, and what waits for a digest.
        self.assertEqual((missing.fields["channel"], missing.fields["queued"]), ("email", "2"))
        daemon.wait_for("delivery.retry", channel="email", reason="channel not configured")
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"]), (1, 3))
        daemon.stop()

        answers[0] = None
        self.configure(email=email)
        self.newsroom.let_retries_be_due()
        daemon = self.serve()
        daemon.wait_for("delivery.sent", channel="email")
        self.assertEqual(len(relay.received), 1)
        self.assertEqual(self.totals()["delivered"], 2, story)


class GoneTest(support.NewsroomTest):
    """A webhook that answers 410."""

    def setUp(self):
        super().setUp()
        self.gone = {"/old"}
        self.receiver = self.use(HttpReceiver(lambda request: (410 if request.path in self.gone else 204, None)))
        self.configure("/old")
        self.daemon = self.serve()

    def configure(self, path):
        config = support.config(subscribers=[support.machine("desk", self.receiver.url + path)])
        config["channels"] = {"webhook": {"allow_http": True, "allow": ["127.0.0.1"]}}
        self.newsroom.configure(config)

    def reload(self, path):
        self.configure(path)
        seen = len(self.daemon.events("config.reloaded"))
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_for("config.reloaded", count=seen + 1)

    def publish(self, number, outcome):
        story = self.newsroom.drop(f"{number}.txt", support.page(f"Harbour news {number}"))
        if outcome == "suppressed":
            return self.daemon.wait_for("story.suppressed", reason="gone", subscriber="desk") and story
        self.daemon.wait_for(outcome)
        return story

    def test_it_is_asked_no_more_until_its_url_changes(self):
        self.publish(1, "delivery.ended")
        self.publish(2, "suppressed")
        self.daemon.stop()
        self.daemon = self.serve()
        story = self.publish(3, "suppressed")
        self.assertEqual(len(self.receiver.requests()), 1)
        self.assertEqual(len(self.daemon.events("endpoint.gone")), 0, "said once, before the restart")
        outlook = self.newsroom.run_json("explain", story, "desk")["outlook"]
        self.assertEqual(len(outlook), 1)
        self.assertTrue(outlook[0].startswith("nothing by webhook: suppressed, gone"), outlook)
        total = self.totals()
        self.assertEqual((total["failed"], total["suppressed"]), ({"gone": 1}, {"gone": 2}))

        self.reload("/new")
        self.publish(4, "delivery.sent")
        self.assertEqual([request.path for request in self.receiver.requests()], ["/old", "/new"])
        self.gone.clear()
        self.reload("/old")
        self.publish(5, "delivery.sent")
        self.receiver.wait_for(2, "/old")

    def test_it_is_said_once(self):
        self.publish(1, "delivery.ended")
        self.publish(2, "suppressed")
        self.assertEqual(len(self.daemon.events("endpoint.gone")), 1)
        self.assertNotIn("/old", self.daemon.log, "the URL is a secret")


class Supervisor:
    """The socket on which systemd would listen."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(support.PATIENCE)
        self.signs_of_life = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def next(self):
        """What comes next but for signs of life."""
        while True:
            told = self._receive()
            if told != {"WATCHDOG": "1"}:
                return told

    def wait_for_life(self, count):
        while self.signs_of_life < count:
            self._receive()

    def _receive(self):
        told = dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())
        self.signs_of_life += told == {"WATCHDOG": "1"}
        return told


class SystemdTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.config = support.config()
        self.newsroom.configure(self.config)
        self.address = str(self.newsroom.folder / "notify")

    def test_what_systemd_is_told(self):
        supervisor = self.use(Supervisor(self.address))
        daemon = self.start(NOTIFY_SOCKET=self.address)
        self.assertEqual(supervisor.next()["READY"], "1")
        daemon.wait_until_ready()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.signal(signal.SIGHUP)
        reloading = supervisor.next()
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.assertEqual(reloading["RELOADING"], "1")
        self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= after, reloading)
        self.assertEqual(supervisor.next()["READY"], "1")
        self.newsroom.write("config/broken.yaml", "topics: {ships: {ani: [ship]}}\n")
        daemon.signal(signal.SIGHUP)
        self.assertEqual(supervisor.next()["RELOADING"], "1")
        refused = supervisor.next()
        self.assertEqual(refused["READY"], "1")
        self.assertIn("refused", refused["STATUS"])
        daemon.signal(signal.SIGTERM)
        self.assertEqual(supervisor.next()["STOPPING"], "1")
        self.assertEqual(daemon.wait_for_end(), 0)

    def test_an_abstract_socket(self):
        name = f"crier-e2e-{os.getpid()}"
        supervisor = self.use(Supervisor("\0" + name))
        self.start(NOTIFY_SOCKET="@" + name)
        self.assertEqual(supervisor.next()["READY"], "1")

    def test_signs_of_life(self):
        supervisor = self.use(Supervisor(self.address))
        self.start(NOTIFY_SOCKET=self.address, WATCHDOG_USEC="200000")
        supervisor.wait_for_life(count=5)

    def test_no_signs_of_life_for_another_process(self):
        supervisor = self.use(Supervisor(self.address))
        daemon = self.serve(NOTIFY_SOCKET=self.address, WATCHDOG_USEC="2000", WATCHDOG_PID="1")
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        daemon.wait_for("delivery.sent", count=2)
        self.assertEqual(supervisor.next()["READY"], "1")
        daemon.stop()
        self.assertEqual(supervisor.next()["STOPPING"], "1")
        self.assertEqual(supervisor.signs_of_life, 0)

    def test_a_supervisor_that_is_gone(self):
        daemon = self.serve(NOTIFY_SOCKET=self.address, WATCHDOG_USEC="2000")
        daemon.stop()

    def test_one_daemon_on_one_state_folder(self):
        first = self.serve()
        second = self.start()
        self.assertEqual(second.wait_for_end(), 69)
        self.assertIn("another crier is running", second.wait_for("crier.cannot_start").fields["what"])
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        first.wait_for("delivery.sent", count=2)
        first.stop()
        self.assertEqual(self.totals()["delivered"], 2)

    def test_interrupted_by_hand(self):
        daemon = self.serve()
        daemon.signal(signal.SIGINT)
        self.assertEqual(daemon.wait_for_end(), 0)
        daemon.wait_for("crier.stopped")


class DrainTest(support.NewsroomTest):
    """The relay holds the first mail in its hands while the daemon is told to stop."""

    def setUp(self):
        super().setUp()
        self.in_hand = []
        self.server = self.use(MailServer(message_reply=self.reply))
        config = support.config(f"smtp://127.0.0.1:{self.server.port}", http={"operator": {"listen": "127.0.0.1:0"}})
        config["channels"]["email"]["connections"] = 1
        self.newsroom.configure(config)
        self.daemon = self.serve()
        self.port = self.daemon.wait_until_ready().fields["operator_port"]

    def reply(self, received):
        if not self.in_hand:
            self.in_hand.append(received.recipient)
            self.while_in_hand()

    def test_what_is_being_sent_is_finished(self):
        self.readiness = None

        def stop():
            self.daemon.signal(signal.SIGTERM)
            self.daemon.wait_for("crier.stopping", in_flight=1)
            self.readiness = call(f"http://127.0.0.1:{self.port}/readyz")

        self.while_in_hand = stop
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        self.assertEqual(self.daemon.wait_for_end(), 0)
        status, _, body = self.readiness
        self.assertEqual((status, json.loads(body)["checks"]["draining"]["ok"]), (503, False))
        self.assertEqual(len(self.server.received), 1)
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"]), (1, 1))
        self.daemon.wait_for("crier.stopped", sent=1, queued=1)
        self.serve().wait_for("delivery.sent")
        self.assertEqual(len(self.server.received), 2)
        self.assertEqual(len({each.recipient for each in self.server.received}), 2)

    def test_a_second_signal_waits_for_nothing(self):
        def stop_at_once():
            self.daemon.signal(signal.SIGTERM)
            self.daemon.wait_for("crier.stopping")
            self.daemon.signal(signal.SIGTERM)
            self.daemon.wait_for_end()

        self.while_in_hand = stop_at_once
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        self.assertEqual(self.daemon.wait_for_end(), 0)
        self.assertEqual(self.totals()["queued"], 2)
        self.serve().wait_for("delivery.sent", count=2)
        first, *others = self.server.received
        [again] = [each for each in others if each.recipient == first.recipient]
        self.assertEqual(again.mail["Message-ID"], first.mail["Message-ID"])
        self.assertEqual(len(others), 2)


class SilentRelayTest(support.NewsroomTest):
    """The relay falls silent at some stage, and the daemon is told to stop."""

    AT_ONCE = 15  # seconds, on a busy machine; half of what a relay's word about whole messages is waited for

    def stop_at(self, stage, extensions=(), readers=2, then=lambda: None):
        silent, told = threading.Event(), threading.Event()
        self.addCleanup(told.set)

        def misbehave(at, connection):
            if at == stage:
                silent.set()
                told.wait(support.PATIENCE)

        self.peer = self.use(BadPeer(misbehave, extensions=extensions))
        self.told = told
        followers = [support.reader(f"reader{number}") for number in range(readers)]
        self.newsroom.configure(support.config(f"smtp://127.0.0.1:{self.peer.port}", subscribers=followers))
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        self.assertTrue(silent.wait(support.PATIENCE))
        begun = time.monotonic()
        daemon.signal(signal.SIGTERM)
        then()
        self.assertEqual(daemon.wait_for_end(), 0)
        self.assertLess(time.monotonic() - begun, self.AT_ONCE, daemon.log)
        daemon.wait_for("crier.stopped")
        return daemon

    def rows(self):
        """What the outbox has of single deliveries: state, attempts."""
        with sqlite3.connect(self.newsroom.state / "crier.db") as database:
            rows = database.execute("SELECT state, attempts FROM exception").fetchall()
        database.close()
        return rows

    def test_what_is_not_sent_stays_owed_as_it_was(self):
        pipelined = ("PIPELINING", "CHUNKING")
        stages = [("greeting", ()), ("ehlo", ()), ("mail", ()), ("rcpt", ()), ("data", ()), ("mail", pipelined)]
        for number, (stage, extensions) in enumerate(stages):
            with self.subTest(stage=stage, extensions=extensions):
                if number > 0:
                    self.doCleanups()
                    self.setUp()
                self.stop_at(stage, extensions, readers=40)
                self.assertEqual(self.totals()["queued"], 40)
                self.assertEqual(self.rows(), [])
                self.peer.is_honest = True
                self.told.set()
                self.serve().wait_for("delivery.sent", count=40)
                self.assertEqual(len({each.recipient for each in self.peer.accepted}), 40)
                self.assertEqual(len(self.peer.accepted), 40)

    def test_a_message_that_the_relay_has_is_waited_for(self):
        def answer_late():
            time.sleep(3)  # longer than a relay is given for anything else
            self.told.set()

        daemon = self.stop_at("message", then=answer_late)
        sent = len(daemon.events("delivery.sent"))
        self.assertGreater(sent, 0)
        support.eventually(lambda: len(self.peer.accepted) == sent, "the relay has what it said yes to")
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"]), (sent, 2 - sent))
        if sent < 2:
            self.serve().wait_for("delivery.sent", count=2 - sent)
        self.assertEqual(len({each.recipient for each in self.peer.accepted}), 2)
        self.assertEqual(len(self.peer.accepted), 2, "nothing twice")


class SilentMachineTest(support.NewsroomTest):
    """A reader's machine and WhatsApp say nothing, and the daemon is told to stop."""

    AT_ONCE = 15  # seconds, on a busy machine; less than a request waits for its answer
    READERS = 12

    def configure(self, port):
        url = f"http://127.0.0.1:{port}"
        followers = [{"id": f"reader{number}", "webhook": url, "whatsapp": f"+23480123456{number:02}",
                      "follow": [{"topic": "harbours", "by": ["webhook", "whatsapp"]}]}
                     for number in range(self.READERS)]
        self.newsroom.write("whatsapp.token", "t0ken\n", mode=0o600)
        config = support.config(subscribers=followers)
        config["channels"] = {
            "webhook": {"allow_http": True, "allow": ["127.0.0.1"]},
            "whatsapp": {"base_url": url, "phone_number_id": "1234", "template": "story_alert", "language": "en_US",
                         "parameters": ["title"], "token_file": "whatsapp.token"}}
        self.newsroom.configure(config)

    def stop(self, daemon, then=lambda: None):
        begun = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.wait_for("crier.stopping")
        then()
        self.assertEqual(daemon.wait_for_end(), 0)
        self.assertLess(time.monotonic() - begun, self.AT_ONCE, daemon.log)
        daemon.wait_for("crier.stopped")

    def rows(self):
        """What the outbox has of single deliveries: state, attempts."""
        with sqlite3.connect(self.newsroom.state / "crier.db") as database:
            rows = database.execute("SELECT state, attempts FROM exception").fetchall()
        database.close()
        return set(rows)

    def send_the_rest(self, sent):
        """To a machine and a WhatsApp that answer."""
        receiver = self.use(HttpReceiver())
        self.configure(receiver.port)
        self.newsroom.let_retries_be_due()
        self.serve().wait_for("delivery.sent", count=2 * self.READERS - len(sent))
        sent += receiver.requests()
        self.assertEqual(len(sent), 2 * self.READERS, "nothing twice")
        self.assertEqual(len({request.headers["webhook-id"] or request.body for request in sent}), 2 * self.READERS)
        self.assertEqual(self.totals()["delivered"], 2 * self.READERS)

    def test_what_nobody_has_stays_owed_without_an_attempt(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
            address = deaf.getsockname()
            # Its line of those that wait to be accepted is full.
            waiting = [socket.socket() for _ in range(2)]
            for each in waiting:
                self.addCleanup(each.close)
                each.setblocking(False)
                each.connect_ex(address)
            self.configure(address[1])
            daemon = self.serve()
            self.newsroom.drop("story.txt", support.page("Harbour news"))
            support.eventually(lambda: connecting_to(address[1]) > 1 + len(waiting), "connections are being made")
            self.stop(daemon)
        self.assertEqual(self.totals()["queued"], 2 * self.READERS)
        self.assertLessEqual(self.rows(), {("retry", 0)})
        self.send_the_rest([])

    def test_an_answer_is_waited_for(self):
        told = threading.Event()
        self.addCleanup(told.set)

        def answer_late(request):
            told.wait(support.PATIENCE)
            return accept(request)

        receiver = self.use(HttpReceiver(answer_late))
        self.configure(receiver.port)
        daemon = self.serve()
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        receiver.wait_for(1, "/")
        receiver.wait_for(1, "/v25.0/1234/messages")
        self.stop(daemon, then=told.set)
        sent = receiver.requests()
        total = self.totals()
        self.assertEqual((total["delivered"], total["queued"]), (len(sent), 2 * self.READERS - len(sent)))
        self.assertLessEqual(self.rows(), {("retry", 0)})
        self.send_the_rest(sent)


class OperatorTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.newsroom.configure(support.config(http={"operator": {
            "listen": "127.0.0.1:0", "story_url": "https://courier.example.org/pushed/{id}"}}))
        self.daemon = self.serve()
        self.url = f"http://127.0.0.1:{self.daemon.wait_until_ready().fields['operator_port']}"

    def push(self, body, token=None, content_type="application/json"):
        token = self.newsroom.secret("push.token") if token is None else token
        return call(self.url + "/v1/stories", body.encode(), Authorization=f"Bearer {token}", Content_Type=content_type)

    def test_health(self):
        for path in ("/livez", "/healthz"):
            self.assertEqual(call(self.url + path)[0], 200)
        status, _, body = call(self.url + "/readyz")
        self.assertEqual((status, json.loads(body)["status"]), (200, "ready"))
        self.newsroom.write("config/broken.yaml", "unknown: 1\n")
        self.daemon.signal(signal.SIGHUP)
        self.daemon.wait_for("config.refused")
        self.assertEqual(call(self.url + "/livez")[0], 200, "a restart would not mend it")
        status, _, body = call(self.url + "/readyz")
        self.assertEqual(status, 200, "the former configuration is at work")
        self.assertIn("refused", json.loads(body)["checks"]["config"]["detail"])

    def test_metrics(self):
        self.newsroom.drop("story.txt", support.page("Harbour news"))
        self.daemon.wait_for("delivery.sent", count=2)
        status, headers, body = call(self.url + "/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertTrue(body.endswith("\n"))
        sample = re.compile(r'([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)*\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|\+Inf|NaN)')
        values = {}
        for line in body.splitlines():
            if not line.startswith("#"):
                match = sample.fullmatch(line)
                self.assertTrue(match, line)
                self.assertTrue(match[1].startswith("crier_"), line)
                values[match[1] + (match[2] or "")] = float(match[3])
        self.assertEqual(values['crier_deliveries_total{channel="email",outcome="delivered"}'], 2)
        self.assertEqual(values['crier_stories_total{result="created",source="stories"}'], 1)
        self.assertEqual(values["crier_alert_latency_seconds_count"], 2)
        self.assertEqual(values["crier_config_last_reload_successful"], 1)
        types = re.findall(r"^# TYPE (\S+)", body, re.MULTILINE)
        self.assertEqual(len(types), len(set(types)), "each family once")
        for private in ("amara", "example.org", "harbour-news"):
            self.assertNotIn(private, body)

    def test_a_story_is_pushed_once(self):
        story = json.dumps({"id": "s1", "title": "Harbour news", "body_text": "All of it."})
        status, _, body = self.push(story)
        self.assertEqual((status, json.loads(body)), (202, {"id": "s1", "version": 1, "result": "created"}))
        self.daemon.wait_for("delivery.sent", count=2)
        status, _, body = self.push(story)
        self.assertEqual((status, json.loads(body)["result"]), (202, "unchanged"))
        status, _, body = self.push(story.replace("All of it", "More of it"))
        self.assertEqual((status, json.loads(body)), (202, {"id": "s1", "version": 2, "result": "updated"}))
        self.daemon.stop()
        mails = self.newsroom.maildir()
        self.assertEqual(len(mails), 2)
        self.assertIn("https://courier.example.org/pushed/s1", mails[0].get_body(("plain",)).get_content())
        self.assertEqual(self.totals()["delivered"], 2)

    def cancel(self, story, **headers):
        url = f"{self.url}/v1/stories/{urllib.parse.quote(story, safe='')}/cancel"
        return call(url, headers.pop("body", b""), **headers)

    def test_a_push_is_signed_with_either_of_two_secrets(self):
        keys = [os.urandom(32), os.urandom(32)]
        lines = "".join(f"whsec_{base64.b64encode(key).decode()}\n" for key in keys)
        self.newsroom.write("push.secrets", lines).chmod(0o600)
        self.newsroom.configure(support.config(http={"operator": {
            "listen": "127.0.0.1:0", "signing_secret_file": "push.secrets"}}))
        self.daemon.stop()
        self.daemon = self.serve()
        url = f"http://127.0.0.1:{self.daemon.wait_until_ready().fields['operator_port']}/v1/stories"
        for number, (key, status) in enumerate([(keys[0], 202), (keys[1], 202), (os.urandom(32), 401)]):
            body = json.dumps({"id": f"s{number}", "title": "Harbour news", "body_text": f"Part {number}."}).encode()
            # Of a time after the start, as a push has to be.
            said = f"msg_{number}.{int(time.time()) + 1}."
            mac = base64.b64encode(hmac.digest(key, said.encode() + body, "sha256")).decode()
            answer = call(url, body, Content_Type="application/json", webhook_id=f"msg_{number}",
                          webhook_timestamp=said.split(".")[1], webhook_signature=f"v1,{mac}")
            self.assertEqual(answer[0], status, answer)

    def test_a_story_is_taken_back(self):
        token = {"Authorization": f"Bearer {self.newsroom.secret('push.token')}"}
        story = json.dumps({"id": "s/1", "title": "Harbour news", "body_text": "All of it.",
                            "embargo": "2999-01-01T00:00:00Z"})
        self.assertEqual(self.push(story)[0], 202)
        self.assertEqual(self.totals()["queued"], 2)
        self.assertEqual(self.cancel("s/1")[0], 401)
        self.assertEqual(self.cancel("s1", **token)[0], 404)
        status, _, body = self.cancel("s/1", **token)
        self.assertEqual((status, json.loads(body)), (202, {"id": "s/1", "version": 2, "result": "canceled"}))
        self.assertEqual(self.totals()["suppressed"], {"canceled": 2})
        self.assertEqual(json.loads(self.cancel("s/1", **token)[2])["version"], 2)
        status, _, body = self.push(story.replace("All of it", "More of it"))
        self.assertEqual((status, json.loads(body)["result"]), (202, "canceled"), "a re-import stays dead")
        self.assertEqual(self.newsroom.maildir(), [])

    def test_json_is_told_by_what_it_is(self):
        ninjs = json.dumps({"uri": "urn:n1", "headline": "Harbour fees", "body_text": "All of it."})
        status, _, body = self.push(ninjs)
        self.assertEqual((status, json.loads(body)["id"]), (202, "urn:n1"))
        status, _, body = self.push("Harbour fees fall")
        self.assertEqual(status, 400)
        self.assertIn("not JSON", json.loads(body)["detail"])

    def test_a_pushed_page_has_the_charset_of_its_header(self):
        text = "All of it. " * 40
        page = f"<html><title>Harbour café</title><article><h1>Harbour café</h1><p>{text}</p></article>"
        token = self.newsroom.secret("push.token")
        status, _, body = call(self.url + "/v1/stories", page.encode("windows-1252"),
                               Authorization=f"Bearer {token}", Content_Type="text/html; charset=windows-1252",
                               Content_Location="https://courier.example.org/cafe")
        self.assertEqual(status, 202, body)
        self.assertTrue(json.loads(body)["id"].startswith("courier-example-org-cafe-"), body)
        self.daemon.wait_for("delivery.sent", count=2)
        self.assertEqual({mail["Subject"] for mail in self.newsroom.maildir()}, {"Harbour café"})

    def test_pushed_text_and_markdown(self):
        page = support.page("Harbour news of today")
        self.assertEqual(self.push(page, content_type="text/plain; charset=utf-8")[0], 202)
        markdown = "---\ntitle: Harbour news of tomorrow\n---\n\nAll of it.\n"
        self.assertEqual(self.push(markdown, content_type="text/markdown")[0], 202)
        self.daemon.wait_for("delivery.sent", count=4)
        self.assertEqual(len({mail["Subject"] for mail in self.newsroom.maildir()}), 2)

    def test_what_is_doubtful_is_answered_and_logged(self):
        story = json.dumps({"id": "s1", "title": "News", "published": "yesterday", "updated": "2999-01-01T00:00:00Z"})
        status, _, body = self.push(story)
        self.assertEqual(status, 202)
        warnings = json.loads(body)["warnings"]
        self.assertIn('request body:1:31: published: cannot read the date "yesterday"', warnings[0])
        self.assertRegex(warnings[1], "^request body:1:57: updated: .* in the future")
        for warning in warnings:
            self.daemon.wait_for("story.doubtful", source="push", what=warning)

    def test_what_is_refused_changes_nothing(self):
        story = json.dumps({"id": "s1", "title": "Harbour news"})
        status, headers, _ = self.push(story, token="guess")
        self.assertEqual(status, 401)
        self.assertTrue(headers["WWW-Authenticate"].startswith("Bearer"))
        self.assertEqual(call(self.url + "/v1/stories", story.encode(), Content_Type="application/json")[0], 401)
        self.assertEqual(self.push(story[:-5])[0], 400)
        self.assertEqual(self.push("{}")[0], 400)
        what = "request body:1:1: the object has neither a title nor an id"
        self.daemon.wait_for("story.refused", source="push", what=what)
        self.assertEqual(self.push(story, content_type="application/xml")[0], 415)
        self.assertEqual(call(self.url + "/v1/stories")[0], 405)
        self.assertEqual(call(self.url + "/v1/nothing")[0], 404)
        self.daemon.stop()
        self.assertEqual(self.newsroom.ledger()["stories"], [])


class UnsubscribeTest(support.NewsroomTest):
    def setUp(self):
        super().setUp()
        self.public = f"127.0.0.1:{support.free_port()}"
        self.newsroom.configure(support.config(http={"public": {"listen": self.public}}))
        self.daemon = self.serve()
        self.publish("First harbour news", sent=2)
        [mail] = [mail for mail in self.newsroom.maildir() if mail["To"].addresses[0].username == "amara"]
        self.assertEqual(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        link = urllib.parse.urlsplit(re.search(r"<(https://[^>]+)>", mail["List-Unsubscribe"])[1])
        self.assertEqual(link.netloc, "news.example.org")
        self.link = f"http://{self.public}{link.path}"

    def publish(self, title, sent):
        """`sent` counts all deliveries since the start."""
        self.newsroom.drop(f"{title}.txt", support.page(title))
        self.daemon.wait_for("delivery.sent", count=sent)

    def post(self, link=None, **form):
        body = urllib.parse.urlencode({name.replace("_", "-"): value for name, value in form.items()})
        return call(link or self.link, body.encode(), Content_Type="application/x-www-form-urlencoded")

    def mails_to(self, name):
        return len([mail for mail in self.newsroom.maildir() if mail["To"].addresses[0].username == name])

    def test_looking_changes_nothing(self):
        for _ in range(3):
            status, headers, body = call(self.link)
            self.assertEqual((status, headers["Referrer-Policy"]), (200, "no-referrer"))
            self.assertIn('method="post"', body)
        self.assertEqual(call(self.link + "?List-Unsubscribe=One-Click")[0], 200)
        self.publish("Second harbour news", sent=4)
        self.assertEqual(self.mails_to("amara"), 2)

    def test_one_click_stops_mail_at_once(self):
        status, headers, _ = self.post(List_Unsubscribe="One-Click")
        self.assertEqual((status, headers["Location"]), (200, None))
        self.assertEqual(self.post(List_Unsubscribe="One-Click")[0], 200, "once more does no harm")
        self.publish("Second harbour news", sent=3)
        self.daemon.wait_for("story.suppressed", subscriber="amara", reason="unsubscribed")
        self.assertEqual((self.mails_to("amara"), self.mails_to("bruno")), (1, 2))
        total = self.totals()
        self.assertEqual((total["delivered"], total["suppressed"]), (3, {"unsubscribed": 1}))
        self.daemon.stop()
        self.daemon = self.serve()
        self.publish("Third harbour news", sent=1)
        self.daemon.stop()
        self.assertEqual((self.mails_to("amara"), self.mails_to("bruno")), (1, 3), "also after a restart")
        self.assertEqual(self.totals()["suppressed"], {"unsubscribed": 2})

    def test_undone(self):
        self.post(confirm="1")
        self.publish("Second harbour news", sent=3)
        self.assertEqual(self.post(undo="1")[0], 200)
        self.publish("Third harbour news", sent=5)
        self.assertEqual((self.mails_to("amara"), self.mails_to("bruno")), (2, 3))

    def test_a_link_that_was_tampered_with(self):
        other = self.link[:-1] + ("1" if self.link.endswith("0") else "0")
        self.assertEqual(self.post(other, List_Unsubscribe="One-Click")[0], 404)
        self.assertEqual(self.post(List_Unsubscribe="Other")[0], 400)
        self.publish("Second harbour news", sent=4)
        self.assertEqual(self.mails_to("amara"), 2)


if __name__ == "__main__":
    support.main()
