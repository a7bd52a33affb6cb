"""What the gateway makes of the corpus http-raw, wherever that is not what the corpus's manifest says, and why.

Without an entry: what the manifest rejects is refused with 400; what it accepts is read as one request, and forwarded when armed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REFUSED: Final = ("refused 400",)
READ: Final = ("read",)
NOTHING: Final = ()
"""The request never ends, so the connection closes without an answer."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answers to a request with our host, and when it is armed as well."""

    bare: tuple[str, ...]
    armed: tuple[str, ...]
    reason: str

    @property
    def forwarded(self) -> bool:
        """Whether the armed request reaches the server."""
        return READ[0] in self.armed


def expected(name: str, *, accept: bool) -> Expected:
    """What is to be seen of one request."""
    plain = Expected(READ, READ, "as the manifest says") if accept else Expected(REFUSED, REFUSED, "as the manifest says")
    return DIFFERENT.get(name, plain)


def _one_reading(reason: str) -> Expected:
    return Expected(READ, READ, reason)


def _refused(reason: str, *, status: int = 400) -> Expected:
    return Expected((f"refused {status}",), (f"refused {status}",), reason)


_GUNICORNS_LIMIT: Final = "malformed only by a limit that the corpus sets for gunicorn; ours is higher, and the reading is one"
_CODINGS: Final = "`chunked` must be the only coding: whoever ignores the others frames the body differently"
_ORIGIN_FORM: Final = "no proxy: only plain paths are served, so that nobody routes by another host than `Host`"
_PROXY_LINE: Final = "the PROXY protocol is not spoken, so its line is no request"
_METHOD: Final = "not the name of a method that anybody serves; gunicorn takes it under a switch for compatibility"
_FOLDED: Final = "folded fields are obsolete and read in two ways; gunicorn takes them under a switch for compatibility"
_ALIAS: Final = "an underscore stands for a hyphen to CGI-like readers, who would take the length or coding from it"
_NO_HOST_BEHIND: Final = "two requests: the first is whole and is answered; the second lacks its host"

DIFFERENT: Final = {
    "invalid/001": Expected(NOTHING, REFUSED, "the head does not end; armed, its last line is a field without a colon"),
    "invalid/006": Expected(("refused 411",), READ, _GUNICORNS_LIMIT + "; a PUT must say how long its body is"),
    "invalid/007": _one_reading(_GUNICORNS_LIMIT),
    "invalid/008": Expected(("refused 411",), READ, _GUNICORNS_LIMIT + "; a PUT must say how long its body is"),
    "invalid/009": _refused("more fields than our own limit, too", status=431),
    "invalid/010": _one_reading(_GUNICORNS_LIMIT),
    "invalid/011": _one_reading(_GUNICORNS_LIMIT),
    "invalid/012": _one_reading(_GUNICORNS_LIMIT),
    "invalid/017": _one_reading(_GUNICORNS_LIMIT),
    "invalid/019": _one_reading("two forwarded fields contradict each other; here nobody who is not trusted is believed either"),
    "invalid/limit_header_default_01": _one_reading(_GUNICORNS_LIMIT),
    "invalid/rfc9112_chunked_missing_final_crlf_01": Expected(NOTHING, NOTHING, "the body never ends"),
    "valid/005": Expected(REFUSED, READ, "a fragment is no part of a target; armed, the target is ours"),
    "valid/009": _refused(_CODINGS),
    "valid/012": _refused("trailers are refused: readers differ on whether they are fields"),
    "valid/013": _refused("blanks before a chunk's extension; nobody uses extensions but to differ on where the size ends"),
    "valid/014": _refused("quotes must be escaped in a target, and no path that is served has them"),
    "valid/018": Expected(("read", "refused 400"), ("read", "refused 400"), _NO_HOST_BEHIND),
    "valid/023": Expected(("read", "refused 400"), ("read", "refused 400"), _NO_HOST_BEHIND),
    "valid/024": Expected(("refused 411",), READ, "a PUT must say how long its body is; armed, it does"),
    "valid/025": _refused(_CODINGS),
    "valid/025_line": _refused(_CODINGS),
    "valid/027": _refused("bytes that are not ASCII must be escaped in a target"),
    "valid/028": _refused("a blank before the colon; some readers do not see a length there. gunicorn takes it under a switch"),
    "valid/029": _refused(_CODINGS),
    "valid/030": _refused(_CODINGS),
    "valid/031": _refused(_METHOD),
    "valid/031compat": _refused(_METHOD),
    "valid/031compat2": _refused(_METHOD),
    "valid/040": _refused(_ALIAS),
    "valid/040_compat": _refused(_ALIAS),
    "valid/099": Expected(NOTHING, READ, "its length counts the line ends that the corpus's notation drops: the body never ends"),
    "valid/100": Expected(REFUSED, READ, "empty segments: some readers fold them; armed, the target is ours"),
    "valid/compat_obs_fold": _refused(_FOLDED),
    "valid/compat_obs_fold_huge": _refused(_FOLDED),
    "valid/pp_01": _refused(_PROXY_LINE),
    "valid/pp_02": _refused(_PROXY_LINE),
    "valid/pp_04": _refused(_PROXY_LINE),
    "valid/pp_05": _refused(_PROXY_LINE),
    "valid/rfc9112_smuggle_gzip_chunked_01": _refused(_CODINGS),
    "valid/rfc9112_smuggle_te_identity_chunked_01": _refused(_CODINGS),
    "valid/rfc9112_target_absolute_01": _refused(_ORIGIN_FORM),
    "valid/rfc9112_target_absolute_https_01": _refused(_ORIGIN_FORM),
    "valid/rfc9112_target_absolute_ipv6_01": _refused(_ORIGIN_FORM),
    "valid/rfc9112_target_absolute_userinfo_01": _refused(_ORIGIN_FORM),
    "valid/rfc9112_target_asterisk_options_01": _refused(_ORIGIN_FORM),
    "valid/rfc9112_target_authority_connect_01": _refused(_ORIGIN_FORM, status=405),
    "valid/rfc9112_target_authority_ipv6_01": _refused(_ORIGIN_FORM, status=405),
}
