"""What can be annotated: runs, queries, and built-in streets to try the tool."""
