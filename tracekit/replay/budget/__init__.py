"""Where the memory of a boot went, as a tree that adds up to the byte."""
