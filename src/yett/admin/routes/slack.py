"""Where Slack tells what members do with the buttons of a request. Nobody signs in here: Slack signs each request."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import JSONResponse, Response

from yett.admin.approval_notices.slack_decisions import BODY_MAX, SlackDecisions

ROUTER: Final = APIRouter(tags=["approvals"])
REFUSED: Final = {"error": "refused"}
"""The answer to whatever is not Slack's, and where no Slack is set up: nothing tells one from another."""


@ROUTER.post("/approvals/slack", include_in_schema=False)
async def slack_interaction(request: Request, background: BackgroundTasks) -> Response:
    """A button or a dialogue. Answered at once, as Slack wants it; what comes of it is told in Slack."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            return JSONResponse(REFUSED, status_code=401)
    decisions: SlackDecisions | None = request.app.state.slack
    fields = request.headers
    click = None
    if decisions is not None:
        timestamp, signature = fields.get("x-slack-request-timestamp", ""), fields.get("x-slack-signature", "")
        click = await asyncio.to_thread(decisions.take, timestamp, signature, body)
    if decisions is None or click is None:
        return JSONResponse(REFUSED, status_code=401)
    background.add_task(decisions.act, click)
    return Response(status_code=200)
