"""DNNs as layers: layer graphs and tables, virtual layers, layer DAG files.

`architectures` defines networks in torch; `tracing` turns torch modules into layer graphs.
Built on `errors` and `files.json_file`; used by `latency.profiles`, suites, baselines and commands.
"""
