"""The bounds fit together."""

from __future__ import annotations

from yett.edge.limits import EdgeLimits


def test_a_client_at_the_minimum_rate_is_not_cut_before_the_rate_counts() -> None:
    limits = EdgeLimits()
    assert limits.header_s <= limits.request_s
    assert limits.body_rate_grace_s < limits.request_s


def test_a_full_body_fits_the_memory_for_bodies_and_the_bound_on_chunks() -> None:
    limits = EdgeLimits()
    assert limits.body_bytes <= limits.held_bytes
    assert limits.body_bytes // limits.chunk_count <= 256


def test_connections_past_the_bound_are_answered_before_they_are_cut() -> None:
    limits = EdgeLimits(connections=10)
    assert limits.connections_hard > limits.connections
