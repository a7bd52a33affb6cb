"""Approvals: people decide on exactly one call, and it runs at most once. Pure."""
