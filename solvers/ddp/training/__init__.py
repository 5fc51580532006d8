"""Training the learned partitioners, in torch; a run with a trained policy needs none of this."""
