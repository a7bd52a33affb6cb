"""Painters that ask image services: `remote_painter`, `RemoteConfig`."""

from redbook_mcp.providers.config import (
    CONCURRENCY_MAX,
    DEFAULT_BASES,
    DEFAULT_MODELS,
    RETRIES_MAX,
    Kind,
    References,
    RemoteConfig,
    Timeouts,
    kind_of_endpoint,
)
from redbook_mcp.providers.factory import remote_painter

__all__ = [
    "CONCURRENCY_MAX",
    "DEFAULT_BASES",
    "DEFAULT_MODELS",
    "RETRIES_MAX",
    "Kind",
    "References",
    "RemoteConfig",
    "Timeouts",
    "kind_of_endpoint",
    "remote_painter",
]
