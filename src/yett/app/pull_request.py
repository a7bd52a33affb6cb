"""One comment on a pull request that is kept up to date, found again by a mark that readers do not see."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from yett.errors import OperatorFault

MARK: Final = "<!-- yett-scan -->"
PAGES_MAX: Final = 50
"""Pages of a hundred comments that are looked through."""
WITHIN_S: Final = 20.0
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Where to comment, and as whom."""

    api: str
    repository: str
    number: int
    token: str

    def __repr__(self) -> str:
        return f"PullRequest({self.repository}#{self.number})"


def pull_request_of(environment: Mapping[str, str]) -> PullRequest | None:
    """The pull request that a workflow runs for, by the variables GitHub sets; None where it runs for something else.

    Errors: `OperatorFault`.
    """
    path = environment.get("GITHUB_EVENT_PATH")
    try:
        event: Any = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError) as error:
        raise OperatorFault(f"the event of the workflow (`{path}`) cannot be read") from error
    request = event.get("pull_request") if isinstance(event, dict) else None
    number = request.get("number") if isinstance(request, dict) else None
    if not isinstance(number, int):
        return None
    token, repository = environment.get("GITHUB_TOKEN", ""), environment.get("GITHUB_REPOSITORY", "")
    if not token:
        raise OperatorFault("there is no token to comment with; give the action `token`")
    if not _REPOSITORY.fullmatch(repository):
        raise OperatorFault("`GITHUB_REPOSITORY` is no OWNER/NAME")
    return PullRequest(environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"), repository, number, token)


def put_comment(request: PullRequest, text: str) -> str:
    """The comment says `text`: what it did, `made` or `renewed`. Errors: `OperatorFault`."""
    headers = {
        "Authorization": f"Bearer {request.token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "yett-scan",
    }
    base = f"{request.api}/repos/{request.repository}/issues"
    body = {"body": f"{MARK}\n{text}"}
    try:
        with httpx2.Client(headers=headers, timeout=WITHIN_S) as client:
            before = _before(client, f"{base}/{request.number}/comments")
            if before is None:
                _checked(client.post(f"{base}/{request.number}/comments", json=body))
                return "made"
            _checked(client.patch(f"{base}/comments/{before}", json=body))
            return "renewed"
    except httpx2.HTTPError as error:
        raise OperatorFault(f"GitHub cannot be reached to comment: {type(error).__name__}") from error


def _before(client: httpx2.Client, url: str) -> int | None:
    """Our comment. Only what a bot wrote counts: anybody can write the mark, and nobody's words are written over."""
    for page in range(1, PAGES_MAX + 1):
        comments: Any = _checked(client.get(url, params={"per_page": 100, "page": page}))
        if not isinstance(comments, list):
            raise OperatorFault("GitHub answered with no list of comments")
        for comment in comments:
            if isinstance(comment, dict) and _is_ours(comment):
                return int(comment["id"])
        if len(comments) < 100:
            return None
    return None


def _is_ours(comment: Mapping[str, Any]) -> bool:
    user = comment.get("user")
    by_bot = isinstance(user, dict) and user.get("type") == "Bot"
    return by_bot and isinstance(comment.get("id"), int) and str(comment.get("body")).startswith(MARK)


def _checked(answer: httpx2.Response) -> Any:
    if answer.status_code == 403 or answer.status_code == 404:
        why = "the token may not write it; give the workflow `permissions: pull-requests: write` (a fork's token never may)"
        raise OperatorFault(f"the comment was refused ({answer.status_code}): {why}")
    if not answer.is_success:
        raise OperatorFault(f"GitHub answered {answer.status_code} to the comment")
    try:
        return answer.json()
    except ValueError as error:
        raise OperatorFault("GitHub answered with no JSON") from error
