"""What some readers would take for something else does not reach the client."""

from __future__ import annotations

import pytest

from yett.protocol.server_messages import read_said

NOTICE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"Method":1}}'


@pytest.mark.parametrize(
    ("more", "read"),
    [
        (b"}", True),
        (b',"Method":"sampling/createMessage","ID":5}', False),
        (b',"method":"notifications/message"}', False),
        (b',"i\\u0064":null,"id":null}', False),
        (b',"result":{}}', False),
        (b',"id":null}', False),
        (b',"id":1.5}', False),
        (b',"id":7}', True),
    ],
)
def test_a_message_of_a_server_is_read_if_all_readers_see_the_same_members(more: bytes, read: bool) -> None:
    assert (read_said(NOTICE + more) is not None) is read
