"""MCP servers in the configuration files of clients: what they are, and what to do about them. Pure; secrets stay out."""
