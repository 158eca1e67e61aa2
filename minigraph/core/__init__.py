"""The foundations: arrays, tensors, the tape, and the small context that they share."""
