"""An HTTP server for the tests that keeps what it is sent, as a reader's machine or WhatsApp's would."""

import collections
import http.server
import json
import threading

from support import PATIENCE

NO_ANSWER = object()  # instead of an answer: keep the connection and stay silent

Request = collections.namedtuple("Request", "path headers body")


def accept(request):
    """As the WhatsApp Cloud API on its path; 204 elsewhere."""
    if request.path.endswith("/messages"):
        return 200, {"messaging_product": "whatsapp", "messages": [{"id": "wamid.sample"}]}
    return 204, None


class HttpReceiver:
    """`answer(request)` returns a status and a JSON value or None, or NO_ANSWER."""

    def __init__(self, answer=accept):
        self._answer = answer
        self._changed = threading.Condition()
        self._requests = []
        self._closing = threading.Event()

    def __enter__(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._take(self, Request(self.path, self.headers, body))

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64  # connections that may come at once

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, handler, request):
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
        answer = self._answer(request)
        if answer is NO_ANSWER:
            self._closing.wait(PATIENCE)
            handler.close_connection = True
            return
        status, value = answer
        body = b"" if value is None else json.dumps(value).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def requests(self, path=None):
        with self._changed:
            return [request for request in self._requests if path in (None, request.path)]

    def wait_for(self, count, path=None, patience=PATIENCE):
        """The requests to `path`, at least `count`."""

        def found():
            return [request for request in self._requests if path in (None, request.path)]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= count, patience)
            requests = found()
        if len(requests) < count:
            raise AssertionError(f"{len(requests)} of {count} requests to {path} within {patience} s")
        return requests
