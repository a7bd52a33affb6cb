"""Yett's own MCP server: what is known of servers and tools, for the models that are to use them. Never in a data plane."""
