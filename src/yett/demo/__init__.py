"""The gate at work: a real server, a real client, and every kind of decision."""
