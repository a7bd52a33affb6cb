"""RedBook, the Xiaohongshu server."""
