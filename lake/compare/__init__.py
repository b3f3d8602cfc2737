"""The register held against the lake."""
