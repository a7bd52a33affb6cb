"""The client has every use case about grants and policies, under the same names and with the same parameters."""

from __future__ import annotations

import inspect

import pytest

from yett.admin.client_grants import RemoteGrants
from yett.admin.client_policies import RemotePolicies
from yett.admin.control_grants import GrantControl
from yett.admin.control_policies import PolicyControl
from yett.admin.service import Service


@pytest.mark.parametrize(("said", "remote"), [(GrantControl, RemoteGrants), (PolicyControl, RemotePolicies)])
def test_each_use_case_is_there_on_both_sides(said: type, remote: type) -> None:
    names = {name for name, value in vars(said).items() if inspect.isfunction(value) and not name.startswith("_")}
    assert len(names) > 10
    for name in names:
        expected = list(inspect.signature(getattr(said, name)).parameters)
        assert list(inspect.signature(getattr(remote, name)).parameters) == expected
        assert list(inspect.signature(getattr(Service, name)).parameters) == expected
