"""The kernel's own complaints about memory, laid beside what the replay knows of that memory."""
