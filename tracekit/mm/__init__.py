"""The simulated allocators; they know nothing of logs, and a person can drive them."""
