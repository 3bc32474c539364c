"""The firmware's memory maps and what breaks in them."""
