"""The labelling tool measured in a real browser: its speed, and the clicks that labels take."""
