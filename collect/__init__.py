"""Installs published servers, starts them, asks them for their tools, and writes what they say for the catalogue."""
