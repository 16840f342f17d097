"""The section of a report on regions and extended labels."""
