"""The catalogue of divergence codes: one TOML file per allocator."""
