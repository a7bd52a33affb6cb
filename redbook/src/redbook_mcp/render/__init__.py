"""Cards drawn on this machine with Pillow: text that is always spelled right, in themes of our own."""
