"""Pictures of queried images."""
