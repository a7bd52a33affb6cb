"""RedBook over MCP: five tools, resources, prompts, on stdio and Streamable HTTP."""
