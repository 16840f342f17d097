"""Storage: atomic writes, versioned JSON files, URIs, locks."""
