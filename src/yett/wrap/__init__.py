"""`yett wrap`, pure: entries of clients' configuration files as places in a text, and what becomes of them."""
