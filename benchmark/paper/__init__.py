"""Every figure and table of the paper, claimed and ours side by side; one module an item."""
