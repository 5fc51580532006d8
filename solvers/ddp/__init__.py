"""DDP, the learned partitioner of the paper, and learned ones beyond it."""
