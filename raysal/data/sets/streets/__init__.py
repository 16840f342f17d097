"""The built-in data set: synthetic street scenes, drawn on demand."""
