"""What strangers may write: mutations of what is right, for parsers that must end with a refusal of their own, or not at all."""
