"""Images as bytes: what they are, what they become, where they are kept, and links to them."""
