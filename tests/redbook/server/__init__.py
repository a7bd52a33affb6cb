"""RedBook over the wire."""
