"""A publisher's server for the tests: feeds that change, a hub, and whatever else a server may answer."""

import collections
import hashlib
import http.server
import threading
import urllib.parse
from xml.sax.saxutils import escape

from support import PATIENCE

Request = collections.namedtuple("Request", "path headers status")


def rss(*titles, links=None):
    """A feed of these stories, the newest first. A story's guid is its title; `links` are the feed's own."""
    head = "".join(f"<atom:link rel='{rel}' href='{href}'/>" for rel, href in (links or {}).items())
    items = "".join(
        f"<item><guid isPermaLink='false'>{escape(title)}</guid><title>{escape(title)}</title>"
        f"<link>https://courier.example.org/{len(title)}</link><description>All of it.</description></item>"
        for title in titles
    )
    return f"<rss version='2.0'><channel><title>The Wire</title>{head}{items}</channel></rss>"


def redirect(status, to):
    return lambda request: (status, {"Location": to}, b"")


def refuse(status, **headers):
    return lambda request: (status, headers, b"")


class FeedServer:
    """`pages` maps a path to a text, which has an ETag, or to a function request → (status, headers, body)."""

    def __init__(self, **pages):
        self.pages = {"/" + name: page for name, page in pages.items()}
        self._changed = threading.Condition()
        self._requests = []
        self._posts = []

    def __enter__(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, headers, body = server._answer(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                with server._changed:
                    server._requests.append(Request(self.path, self.headers, status))
                    server._changed.notify_all()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with server._changed:
                    server._posts.append((self.path, dict(urllib.parse.parse_qsl(body))))
                    server._changed.notify_all()
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request):
        page = self.pages.get(request.path)
        if page is None:
            return 404, {}, b""
        if callable(page):
            return page(request)
        body = page.encode()
        tag = f'W/"{hashlib.sha256(body).hexdigest()[:12]}"'
        if request.headers["If-None-Match"] == tag:
            return 304, {"ETag": tag}, b""
        return 200, {"ETag": tag, "Content-Type": "application/rss+xml"}, body

    def wait_for_posts(self, path, count):
        """The forms that were posted there, at least `count`."""

        def forms():
            return [form for where, form in self._posts if where == path]

        with self._changed:
            if not self._changed.wait_for(lambda: len(forms()) >= count, PATIENCE):
                raise AssertionError(f"not {count} posts to {path} within {PATIENCE} s")
            return forms()

    def requests(self, path, status=None):
        with self._changed:
            return [each for each in self._requests if each.path == path and status in (None, each.status)]

    def wait_for(self, path, status=None, more=1):
        """Until there were so many more answers like that."""
        wanted = len(self.requests(path, status)) + more

        with self._changed:
            def enough():
                found = [each for each in self._requests if each.path == path and status in (None, each.status)]
                return len(found) >= wanted

            if not self._changed.wait_for(enough, PATIENCE):
                raise AssertionError(f"not {more} more answers {status} of {path} within {PATIENCE} s")
        return self.requests(path, status)[-1]
