"""One driver per allocator: events in, predictions checked, inferences and divergences out."""
