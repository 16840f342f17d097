"""The report's section on regions and extended labels."""
