"""Where learning curves go: mIoU at the next budgets, and the labels that a wanted mIoU takes."""
