"""DADS (Hu et al., INFOCOM 2019): on a chain of virtual layers and on a layer DAG.

Built on `problems.networks`; the partitioner is found by the registry, the graph is `splitbench cut`.
"""
