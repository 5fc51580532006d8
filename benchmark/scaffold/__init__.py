"""`splitbench new`: a first file of one's own, with its test.

`templates` holds one small working file for each kind.
Built on `problems` and `solvers`; used by the command `new` only.
"""
