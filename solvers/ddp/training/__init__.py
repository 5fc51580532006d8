"""Training of the learned partitioners, in torch.

Trainers, networks, the critics and policy gradients of `ddp`, and the exact labels of `imitation`.
A run with a trained policy needs none of this.
"""
