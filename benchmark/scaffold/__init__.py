"""`splitbench new`: write a first file for a user, with its test.

`templates` holds one small working file for each kind.
Built on `problems` and `solvers`; used by the command `new` only.
"""
