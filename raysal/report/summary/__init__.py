"""What a report shows of any run: learning curves, tables, class balance, costs, cautions."""
