"""`raysal bench`."""
