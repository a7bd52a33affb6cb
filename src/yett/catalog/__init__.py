"""What tools can do, how risky that is, and what to do about it. Pure."""
