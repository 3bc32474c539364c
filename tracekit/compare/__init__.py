"""Two boots: are they comparable, put into canonical form, the difference by cause."""
