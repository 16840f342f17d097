"""Reading what runs left on disk."""
