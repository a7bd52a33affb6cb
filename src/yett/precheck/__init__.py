"""A verdict on one server before anybody connects it. Pure."""
