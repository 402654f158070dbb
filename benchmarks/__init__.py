"""Speeds (`python -m benchmarks`), and the scripts that condense published data into presets."""
