"""DADS (Hu et al., INFOCOM 2019): on a chain of virtual layers and on a layer DAG.

Built on `problems.networks`; the registry finds the partitioner, `splitbench cut` uses the graph.
"""
