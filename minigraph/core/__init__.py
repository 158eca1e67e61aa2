"""What a value is: arrays, tensors, the tape, and the small context that they share."""
