"""Reads messages with Python's e-mail parser, which shares no code with ours, and writes what it understood.

stdin: a JSON list of messages in base64; stdout: a JSON list of objects.
"""
import base64
import json
import sys
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses


def understood(raw):
    message = message_from_bytes(raw, policy=policy.default)
    defects = [str(defect) for part in message.walk() for defect in part.defects]
    for name, value in message.items():
        defects += [f"{name}: {defect!r}" for defect in value.defects]

    # The newer parser of addresses puts a space between adjacent encoded words of a name (RFC 2047 section 6.2
    # says that there is none); the older one reads them right.
    older = message_from_bytes(raw, policy=policy.compat32)

    def mailbox(name):
        pairs = getaddresses(older.get_all(name, []))
        return [[str(make_header(decode_header(display))), address] for display, address in pairs]

    def body(kind):
        part = message.get_body(preferencelist=(kind,))
        return part.get_content().replace("\r\n", "\n") if part is not None else ""

    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "from": mailbox("From"),
        "to": mailbox("To"),
        "text": body("plain"),
        "html": body("html"),
        "defects": defects,
    }


json.dump([understood(base64.b64decode(raw)) for raw in json.load(sys.stdin)], sys.stdout)
