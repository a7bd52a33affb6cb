"""Mail, handed to the operator's own server. Slow: call it on a thread of its own, after the answer."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from yett.admin.people.rules import MailServer
from yett.errors import OperatorFault

TIMEOUT_S: Final = 15.0
PROBLEM: Final = "mail"
"""Under which the desk keeps what is wrong."""
_log: Final = logging.getLogger("yett.mail")


@dataclass(frozen=True, slots=True)
class Post:
    """Sends mail. `tell` learns what is wrong, or None once it works."""

    server: MailServer
    tell: Callable[[str | None], object]
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context

    def send(self, to: str, subject: str, text: str) -> bool:
        """Whether the server took it; what went wrong is told."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.server.sender, to, subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self.server.sender.rpartition("@")[2].rstrip(">") or "localhost")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        place = f"{self.server.host}:{self.server.port}"
        try:
            self._hand_over(message)
        except (OSError, smtplib.SMTPException, OperatorFault) as error:
            why = " ".join(str(error).split())[:300] or type(error).__name__
            _log.error("mail cannot be sent by %s: %s", place, why)
            self.tell(f"mail cannot be sent by `{place}`: {why}; look at `[smtp]` in the settings")
            return False
        self.tell(None)
        return True

    def _hand_over(self, message: EmailMessage) -> None:
        server = self.server
        if server.security == "tls":
            secure = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=self.trust())
            with closing(secure):
                self._speak(secure, message)
            return
        # Closed, not left by its own `with`: that says goodbye, and waits for an answer, even after a failed handshake.
        with closing(smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)) as connection:
            if server.security == "starttls":
                connection.starttls(context=self.trust())
            self._speak(connection, message)

    def _speak(self, connection: smtplib.SMTP, message: EmailMessage) -> None:
        if self.server.user is not None and self.server.password is not None:
            connection.login(self.server.user, self.server.password())
        connection.send_message(message)
        connection.quit()
