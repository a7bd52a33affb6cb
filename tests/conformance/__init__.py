"""The official conformance suite, run directly and through the gateway: both must come to the same."""
