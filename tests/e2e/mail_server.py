"""An SMTP server for the tests: aiosmtpd on a thread of its own, with answers that a test can choose."""

import asyncio
import collections
import logging
import ssl
import subprocess
import threading
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

from support import PATIENCE, read_mail

HANG_UP = object()  # instead of a reply: close the connection without a word

# A connection that ends in the middle is what the tests are about, not news.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
# aiosmtpd does not notice TLS that is there from the first byte.
warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")

Received = collections.namedtuple("Received", "sender recipient mail user tls content")


def make_certificate(folder):
    """A certificate for this machine that signs itself; the paths of certificate and key."""
    certificate, key = folder / "relay.crt", folder / "relay.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", certificate, "-keyout", key],
        check=True,
        capture_output=True,
    )
    return certificate, key


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class MailServer:
    """`recipient_reply(address)` and `message_reply(received)` return a reply, None for 250, or HANG_UP.

    What arrives whole is in `received`, whatever the reply to it.
    """

    def __init__(self, recipient_reply=None, message_reply=None, delay=0, implicit_tls=None, login=None, **options):
        self._recipient_reply = recipient_reply or (lambda address: None)
        self._message_reply = message_reply or (lambda received: None)
        self._delay = delay
        self._implicit_tls = implicit_tls
        self._login = login
        self._options = options
        self._changed = threading.Condition()
        self._received = []
        self._connections = 0
        self._dialogues = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(PATIENCE)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _listen(self):
        return await self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=self._implicit_tls)

    async def _end(self):
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _protocol(self):
        with self._changed:
            self._connections += 1
        authenticator = {"authenticator": self._authenticate} if self._login else {}
        self._dialogues.append(
            SMTP(self, loop=self._loop, hostname="relay.example.org", **authenticator, **self._options))
        return self._dialogues[-1]

    def _authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._login, handled=False, auth_data=given[0])

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        reply = self._recipient_reply(address)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return self._say(server, reply)

    async def handle_DATA(self, server, session, envelope):
        if self._delay:
            await asyncio.sleep(self._delay)
        tls = server.transport.get_extra_info("ssl_object") is not None
        mail = read_mail(envelope.content)
        received = Received(envelope.mail_from, envelope.rcpt_tos[0], mail, session.auth_data, tls, envelope.content)
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()
        return self._say(server, self._message_reply(received))

    def change_login(self, login):
        """What a client has to say from now on."""
        self._login = login

    def die(self):
        """Out of one of the replies: it is gone, with all its connections, and refuses others."""
        self._server.close()
        for each in self._dialogues:
            if each.transport:
                each.transport.abort()
        return HANG_UP

    def _say(self, server, reply):
        if reply is HANG_UP:
            server.transport.abort()
        elif reply is not None and reply.startswith("421"):
            self._loop.call_soon(server.transport.close)  # after the reply was written
        return reply if isinstance(reply, str) else "250 2.0.0 OK"

    @property
    def received(self):
        with self._changed:
            return list(self._received)

    @property
    def connections(self):
        with self._changed:
            return self._connections

    def wait_for(self, count, patience=PATIENCE):
        """The mails received, at least `count`."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._received) >= count, patience)
            received = list(self._received)
        if len(received) < count:
            raise AssertionError(f"{len(received)} of {count} mails within {patience} s")
        return received
