"""What a person pastes into a client."""

from __future__ import annotations

import json

from yett.cli.client_configuration import as_text, client_configurations


def test_each_client_gets_the_url_and_the_token_under_its_own_key() -> None:
    found = client_configurations("shop", "http://gate/mcp/shop", "yett_x")
    entry = {"type": "http", "url": "http://gate/mcp/shop", "headers": {"Authorization": "Bearer yett_x"}}
    assert list(found.values()) == [{"mcpServers": {"shop": entry}}, {"servers": {"shop": entry}}]


def test_a_name_with_quotes_stays_one_name() -> None:
    configuration = next(iter(client_configurations('a"b', "http://gate/", "t").values()))
    assert json.loads(as_text(configuration)) == configuration
