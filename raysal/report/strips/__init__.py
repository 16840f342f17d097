"""Strips: pictures of queried images with labels, prediction and errors."""
