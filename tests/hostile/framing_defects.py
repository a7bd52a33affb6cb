"""Requests that two readers would cut in two ways. To one of them each holds a call that was never judged: `HIDDEN`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.hostile.rig import JSON_FIELDS, PATH, call
from yett.gateway.tokens import mint

HIDDEN: Final = b"hidden-from-the-gate"
JUDGED: Final = call(arguments={"seen": True})
SMUGGLED: Final = call(arguments={"marker": HIDDEN.decode()})
AUTH: Final = b"authorization: Bearer " + b"*" * len(mint())
_FIELDS: Final = b"\r\n".join(JSON_FIELDS)
REFUSED: Final = ("refused 400",)


@dataclass(frozen=True, slots=True)
class Defect:
    """A request in which `AUTH` stands for the grant, what is to be seen of it, and what of it may reach the server."""

    template: bytes
    seen: tuple[str, ...] = REFUSED
    forwarded: tuple[bytes, ...] = ()

    def data(self, authorization: bytes) -> bytes:
        """The bytes to send."""
        assert len(authorization) == len(AUTH), "lengths in the templates count on it"
        return self.template.replace(AUTH, authorization)


def head(*fields: bytes, line: bytes = b"POST %b HTTP/1.1" % PATH) -> bytes:
    """The head of a request with our host, grant and media types, then these fields."""
    return b"\r\n".join((line, b"host: 127.0.0.1", AUTH, _FIELDS, *fields)) + b"\r\n\r\n"


def behind(body: bytes) -> bytes:
    """A whole second request."""
    return head(b"content-length: %d" % len(body)) + body


def chunk(data: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


_LENGTH: Final = b"content-length: %d" % len(JUDGED)
_CHUNKED: Final = b"transfer-encoding: chunked"
_END: Final = b"0\r\n\r\n"
_INNER: Final = behind(SMUGGLED)
_PLAIN: Final = head(_LENGTH) + JUDGED
_FORWARDED: Final = (JUDGED,)

_LENGTH_AND_CODING: Final = {
    "a length beside chunks": head(b"content-length: %d" % len(_END + _INNER), _CHUNKED) + _END + _INNER,
    "chunks beside a length": head(_CHUNKED, b"content-length: 5") + _END + _INNER,
    "a length of nothing beside chunks": head(b"content-length: 0", _CHUNKED) + chunk(JUDGED) + _END,
    "two lengths": head(_LENGTH, b"content-length: %d" % len(JUDGED + _INNER)) + JUDGED + _INNER,
    "two equal lengths": head(_LENGTH, _LENGTH) + JUDGED,
    "a list of lengths": head(b"content-length: %d, %d" % (len(JUDGED), len(JUDGED))) + JUDGED,
    "a length with a sign": head(b"content-length: +%d" % len(JUDGED)) + JUDGED,
    "a negative length": head(b"content-length: -%d" % len(JUDGED)) + JUDGED,
    "a length in hexadecimal": head(b"content-length: 0x%x" % len(JUDGED)) + JUDGED,
    "a length with an underscore": head(b"content-length: 1_0") + JUDGED,
    "a length with a fraction": head(b"content-length: %d.0" % len(JUDGED)) + JUDGED,
    "a length that overflows": head(b"content-length: 18446744073709551617") + JUDGED,
    "an empty length": head(b"content-length:") + JUDGED + _INNER,
    "a coding that is not known": head(b"transfer-encoding: xchunked") + chunk(JUDGED) + _END,
    "chunked before another coding": head(b"transfer-encoding: chunked, identity") + chunk(JUDGED) + _END,
    "chunked behind another coding": head(b"transfer-encoding: gzip, chunked") + chunk(JUDGED) + _END,
    "chunked twice": head(_CHUNKED, _CHUNKED) + chunk(JUDGED) + _END,
    "chunked with a parameter": head(b"transfer-encoding: chunked;q=1") + chunk(JUDGED) + _END,
    "chunked with a control character": head(b"transfer-encoding: \x0bchunked") + chunk(JUDGED) + _END,
    "an empty coding": head(b"transfer-encoding:", _LENGTH) + JUDGED,
    "an alias of the coding": head(b"transfer_encoding: chunked", _LENGTH) + JUDGED,
    "an alias of the length": head(b"content_length: 5", _LENGTH) + JUDGED,
    "a blank before the colon of the length": head(b"content-length : %d" % len(JUDGED)) + JUDGED,
    "a blank before the name of the coding": head(b" " + _CHUNKED, _LENGTH) + JUDGED,
    "a folded coding": head(b"transfer-encoding:\r\n chunked", _LENGTH) + JUDGED,
    "chunks in version 1.0": head(_CHUNKED, line=b"POST %b HTTP/1.0" % PATH) + chunk(JUDGED) + _END,
}

_CHUNKS: Final = {
    "a chunk that says more than there is": head(_CHUNKED) + b"%x\r\n" % (len(JUDGED) + 9) + JUDGED + b"\r\n" + _END + _INNER,
    "a chunk that says less than there is": head(_CHUNKED) + b"%x\r\n" % (len(JUDGED) - 1) + JUDGED + b"\r\n" + _END,
    "a chunk size that overflows": head(_CHUNKED) + b"1%016x\r\n" % len(JUDGED) + JUDGED + b"\r\n" + _END,
    "a chunk size with a prefix": head(_CHUNKED) + b"0x%x\r\n" % len(JUDGED) + JUDGED + b"\r\n" + _END,
    "a chunk size with a sign": head(_CHUNKED) + b"-%x\r\n" % len(JUDGED) + JUDGED + b"\r\n" + _END,
    "a chunk size with a blank": head(_CHUNKED) + b" %x\r\n" % len(JUDGED) + JUDGED + b"\r\n" + _END,
    "a chunk size with a line feed alone": head(_CHUNKED) + b"%x\n" % len(JUDGED) + JUDGED + b"\r\n" + _END,
    "a chunk that ends with a line feed alone": head(_CHUNKED) + b"%x\r\n" % len(JUDGED) + JUDGED + b"\n" + _END,
    "a line feed in an extension": head(_CHUNKED) + b"%x;a\n%x\r\n" % (len(JUDGED), 3) + JUDGED + b"\r\n" + _END + _INNER,
    "a carriage return in an extension": head(_CHUNKED) + b"%x;a\rb\r\n" % len(JUDGED) + JUDGED + b"\r\n" + _END,
    "a trailer that repeats the length": head(_CHUNKED) + chunk(JUDGED) + b"0\r\ncontent-length: 0\r\n\r\n",
    "a trailer that is a grant": head(_CHUNKED) + chunk(JUDGED) + b"0\r\nx-grant: 1\r\n\r\n",
    "a last chunk with a line feed alone": head(_CHUNKED) + chunk(JUDGED) + b"0\n\n" + _INNER,
    "a coded length of chunks beyond all": head(_CHUNKED) + b"f" * 17 + b"\r\n" + JUDGED,
}

_LINES: Final = {
    "line feeds alone": _PLAIN.replace(b"\r\n", b"\n"),
    "one line feed alone": _PLAIN.replace(b"127.0.0.1\r\n", b"127.0.0.1\n"),
    "a carriage return alone between fields": head(b"x: a\r" + _CHUNKED, _LENGTH) + JUDGED,
    "a head that ends with line feeds alone": head(_LENGTH).removesuffix(b"\r\n\r\n") + b"\n\n" + JUDGED,
    "a NUL in a field": head(b"x: a\0b", _LENGTH) + JUDGED,
    "a NUL in a name": head(b"x\0: a", _LENGTH) + JUDGED,
    "a field without a colon": head(b"nothing", _LENGTH) + JUDGED,
    "a field without a name": head(b": nothing", _LENGTH) + JUDGED,
    "a folded field": head(b"x: a\r\n b", _LENGTH) + JUDGED,
    "two hosts": head(b"host: 127.0.0.1", _LENGTH) + JUDGED,
    "two grants": head(AUTH, _LENGTH) + JUDGED,
    "two content types": head(JSON_FIELDS[0], _LENGTH) + JUDGED,
    "version 0.9": b"POST %b\r\n\r\n" % PATH + _INNER,
    "version 2.0": head(_LENGTH, line=b"POST %b HTTP/2.0" % PATH) + JUDGED,
    "version 1.2": head(_LENGTH, line=b"POST %b HTTP/1.2" % PATH) + JUDGED,
    "another protocol": head(_LENGTH, line=b"POST %b ICY/1.1" % PATH) + JUDGED,
    "a whole address as target": head(_LENGTH, line=b"POST http://127.0.0.1%b HTTP/1.1" % PATH) + JUDGED,
    "a target that is escaped": head(_LENGTH, line=b"POST /mcp/%72ecorder HTTP/1.1") + JUDGED,
    "a target with an escaped slash": head(_LENGTH, line=b"POST /mcp%2frecorder HTTP/1.1") + JUDGED,
    "a target with dots": head(_LENGTH, line=b"POST /x/../mcp/recorder HTTP/1.1") + JUDGED,
    "a target with escaped dots": head(_LENGTH, line=b"POST /x/%2e%2e/mcp/recorder HTTP/1.1") + JUDGED,
    "a target with two slashes": head(_LENGTH, line=b"POST //mcp/recorder HTTP/1.1") + JUDGED,
    "a target with a parameter": head(_LENGTH, line=b"POST /mcp/recorder;a HTTP/1.1") + JUDGED,
    "a target with a NUL": head(_LENGTH, line=b"POST /mcp/recorder%00 HTTP/1.1") + JUDGED,
    "a target of bytes that are no ASCII": head(_LENGTH, line=b"POST /mcp/recorder\xc0\xaf HTTP/1.1") + JUDGED,
    "a host with a path": _PLAIN.replace(b"host: 127.0.0.1", b"host: 127.0.0.1/health?x="),
    "a host with a name before it": _PLAIN.replace(b"host: 127.0.0.1", b"host: a@127.0.0.1"),
    "no host": _PLAIN.replace(b"host: 127.0.0.1\r\n", b""),
    "HTTP/2 from the first byte": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _INNER,
}

DEFECTS: Final = {
    **{name: Defect(data) for group in (_LENGTH_AND_CODING, _CHUNKS, _LINES) for name, data in group.items()},
    "no length at all": Defect(head() + SMUGGLED, ("refused 411",)),
    "a length past the bound": Defect(head(b"content-length: 99999999") + JUDGED, ("refused 413",)),
    "a method that makes a tunnel": Defect(head(line=b"CONNECT 127.0.0.1:80 HTTP/1.1") + _INNER, ("refused 405",)),
    "a method that repeats the request": Defect(head(_LENGTH, line=b"TRACE %b HTTP/1.1" % PATH) + JUDGED, ("refused 405",)),
    "a compressed body": Defect(head(b"content-encoding: gzip", _LENGTH) + JUDGED, ("refused 415",)),
    "an expectation that nobody knows": Defect(head(b"expect: 200-ok", _LENGTH) + JUDGED, ("refused 417",)),
    "a head past the bound": Defect(head(b"x: " + b"a" * 70_000, _LENGTH) + JUDGED, ("refused 431",)),
    "a hundred and one fields": Defect(head(*[b"x-%d: a" % n for n in range(101)], _LENGTH) + JUDGED, ("refused 431",)),
    "a target past the bound": Defect(head(_LENGTH, line=b"POST /%b HTTP/1.1" % (b"a" * 9_000)) + JUDGED, ("refused 414",)),
    "an unfinished body": Defect(head(b"content-length: %d" % (len(JUDGED) + 1)) + JUDGED, ()),
    "an unfinished last chunk": Defect(head(_CHUNKED) + chunk(JUDGED) + b"0\r\n", ()),
    # Read as exactly one message each: nothing is hidden in them, but from readers that stop elsewhere.
    "an offer of another protocol": Defect(
        head(b"connection: upgrade, http2-settings", b"upgrade: h2c", b"http2-settings: AA", _LENGTH) + JUDGED,
        ("read",),
        _FORWARDED,
    ),
    "a body in the shape of a request": Defect(
        head(b"content-length: %d" % len(_INNER)) + _INNER,
        ("read",),
    ),
    "a plain extension of a chunk": Defect(
        head(_CHUNKED) + b"%x;a=b\r\n" % len(JUDGED) + JUDGED + b"\r\n" + _END,
        ("read",),
        _FORWARDED,
    ),
    "a request behind one that closes": Defect(head(b"connection: close", _LENGTH) + JUDGED + _INNER, ("read",), _FORWARDED),
    "a request behind one of version 1.0": Defect(
        head(b"connection: keep-alive", _LENGTH, line=b"POST %b HTTP/1.0" % PATH) + JUDGED + _INNER,
        ("read",),
        _FORWARDED,
    ),
    "a request that is behind another, and is judged like it": Defect(
        head(_LENGTH) + JUDGED + behind(call("rm")),
        ("read", "read"),
        _FORWARDED,
    ),
    "fields that override the method or the path": Defect(
        head(b"x-http-method-override: DELETE", b"x-original-url: /readyz", b"x-rewrite-url: /", _LENGTH) + JUDGED,
        ("read",),
        _FORWARDED,
    ),
}
