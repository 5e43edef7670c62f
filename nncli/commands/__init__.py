"""One file per verb: a function over one frozen options object that returns an exit code."""
