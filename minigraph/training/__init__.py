"""The training loop and all around it: batches, losses and metrics, diagnostics, backups."""
