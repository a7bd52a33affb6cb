"""What a user asks for: outlines kept, pages chosen, painted one by one, each kept as it comes."""
