"""What differs between kernels: features, architectures, and how a log tells them."""
