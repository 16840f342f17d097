"""The labelling tool: a server for one page in the browser."""
