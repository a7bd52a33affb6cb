"""Tests of Yett's own MCP server."""
