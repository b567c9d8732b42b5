"""An SMTP server that misbehaves as a test wants it to, byte by byte, until it is told to be honest."""

import collections
import email
import re
import socket
import ssl
import threading
import time

from support import PATIENCE

HANG_UP = object()  # instead of an answer: close the connection without a word

Accepted = collections.namedtuple("Accepted", "recipient message_id")
# Instead of an answer: these bytes, and the peer goes on as if it had agreed, or as if it had refused.
Says = collections.namedtuple("Says", "text agrees")


class BadPeer:
    """`misbehave(stage, connection)` returns the bytes of an answer, Says, HANG_UP, or None for the honest one.

    The stages: greeting, ehlo, helo, starttls, auth, mail, rcpt, data (before the message), message (after it), bdat
    (after a chunk), rset, quit; `connection.line` is the command. Bytes that begin with 2 or 3 mean that it agrees.
    What it has taken is in `accepted`.
    """

    extensions = ("PIPELINING", "CHUNKING", "8BITMIME", "ENHANCEDSTATUSCODES")

    def __init__(self, misbehave=None, extensions=extensions, context=None, implicit_tls=False):
        self.misbehave = misbehave or (lambda stage, connection: None)
        self.extensions = extensions
        self.context = context
        self.implicit_tls = implicit_tls
        self.is_honest = False
        self.commands = []
        self.accepted = []
        self.lock = threading.Lock()

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        # Wakes the thread that waits for a connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        client.settimeout(PATIENCE)
        connection = Connection(self, client)
        try:
            if self.implicit_tls:
                connection.client = self.context.wrap_socket(client, server_side=True)
            connection.run()
        except (OSError, ssl.SSLError, EOFError):
            pass
        finally:
            connection.client.close()


class Connection:
    def __init__(self, peer, client):
        self.peer = peer
        self.client = client
        self.line = b""
        self.unread = b""
        self.has_sender = False
        self.recipient = None
        self.message = b""

    def run(self):
        self.answer("greeting", b"220 relay.example.org ESMTP\r\n")
        while True:
            self.line = line = self.read_line()
            with self.peer.lock:
                self.peer.commands.append(line.decode("latin-1"))
            verb = line.split(b" ")[0].upper().decode("latin-1")
            if not getattr(self, f"do_{verb.lower()}", self.do_other)(line):
                return

    def choose(self, stage, honest):
        said = None if self.peer.is_honest else self.peer.misbehave(stage, self)
        if said is HANG_UP:
            raise EOFError
        said = honest if said is None else said
        return said if isinstance(said, Says) else Says(said, said.startswith((b"2", b"3")))

    def answer(self, stage, honest):
        """Whether the peer has agreed."""
        said = self.choose(stage, honest)
        self.client.sendall(said.text)
        return said.agrees

    def read_more(self):
        more = self.client.recv(65536)
        if not more:
            raise EOFError
        self.unread += more

    def read_line(self):
        while b"\r\n" not in self.unread:
            self.read_more()
        line, self.unread = self.unread.split(b"\r\n", 1)
        return line

    def read_bytes(self, count):
        while len(self.unread) < count:
            self.read_more()
        out, self.unread = self.unread[:count], self.unread[count:]
        return out

    def drip(self, text, every=0.25):
        """A byte now and then."""
        for byte in text:
            self.client.sendall(bytes([byte]))
            time.sleep(every)
        return b""

    def outwait(self, text):
        """Says it when the other side has lost patience and hung up."""
        try:
            while self.client.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return text

    def do_ehlo(self, _):
        names = list(self.peer.extensions)
        if self.peer.context and not isinstance(self.client, ssl.SSLSocket):
            names.append("STARTTLS")
        lines = ["relay.example.org", *names]
        shown = "".join(f"250{'-' if line is not lines[-1] else ' '}{line}\r\n" for line in lines)
        return self.answer("ehlo", shown.encode()) or True

    def do_helo(self, _):
        return self.answer("helo", b"250 relay.example.org\r\n") or True

    def do_starttls(self, _):
        if self.answer("starttls", b"220 go ahead\r\n"):
            self.client = self.peer.context.wrap_socket(self.client, server_side=True)
            self.unread = b""
        return True

    def do_auth(self, _):
        self.answer("auth", b"235 2.7.0 welcome\r\n")
        return True

    def do_mail(self, _):
        self.recipient, self.message = None, b""
        self.has_sender = self.answer("mail", b"250 2.1.0 ok\r\n")
        return True

    def do_rcpt(self, line):
        recipient = re.search(rb"<(.*)>", line)[1].decode()
        if not self.has_sender:
            self.client.sendall(b"503 5.5.1 no sender\r\n")
        elif self.answer("rcpt", b"250 2.1.5 ok\r\n"):
            self.recipient = recipient
        return True

    def do_data(self, _):
        if not self.recipient:
            self.client.sendall(b"503 5.5.1 no recipient\r\n")
            return True
        if not self.answer("data", b"354 go ahead\r\n"):
            return True
        while b"\r\n.\r\n" not in self.unread:
            self.read_more()
        self.message, self.unread = self.unread.split(b"\r\n.\r\n", 1)
        self.finish()
        return True

    def do_bdat(self, line):
        words = line.split()
        self.message += self.read_bytes(int(words[1]))
        is_last = len(words) > 2
        if not self.recipient:
            self.client.sendall(b"503 5.5.1 no recipient\r\n")
        elif is_last and self.message:
            self.finish("bdat")
        else:
            self.answer("bdat", b"250 2.0.0 chunk\r\n")
        return True

    def finish(self, stage="message"):
        said = self.choose(stage, b"250 2.0.0 accepted\r\n")
        if said.agrees:
            with self.peer.lock:
                message_id = email.message_from_bytes(self.message)["Message-ID"]
                self.peer.accepted.append(Accepted(self.recipient, message_id))
        self.client.sendall(said.text)
        self.recipient, self.message = None, b""

    def do_rset(self, _):
        self.recipient, self.message = None, b""
        return self.answer("rset", b"250 2.0.0 forgotten\r\n") or True

    def do_noop(self, _):
        self.client.sendall(b"250 2.0.0 ok\r\n")
        return True

    def do_quit(self, _):
        self.answer("quit", b"221 2.0.0 bye\r\n")
        return False

    def do_other(self, _):
        self.client.sendall(b"500 5.5.2 what\r\n")
        return True
