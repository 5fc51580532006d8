"""How others solve it: the paper's opponents and simple policies, found by the registry."""
