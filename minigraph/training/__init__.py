"""The training loop, and what stands around it: batches, losses and metrics, resuming."""
