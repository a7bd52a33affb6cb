"""A notification that some readers would take for something else does not reach the client."""

from __future__ import annotations

import pytest

from yett.gateway.from_server import relayed_to_client
from yett.protocol.peek import peek_response

NOTICE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"Method":1}}'


@pytest.mark.parametrize(
    ("more", "relayed"),
    [
        (b"}", True),
        (b',"Method":"sampling/createMessage","ID":5}', False),
        (b',"method":"notifications/message"}', False),
        (b',"i\\u0064":null,"id":null}', False),
    ],
)
def test_a_notification_is_relayed_if_all_readers_see_the_same_members(more: bytes, relayed: bool) -> None:
    data = NOTICE + more
    peek = peek_response(data)
    assert peek is not None
    assert relayed_to_client(data, peek) is relayed
