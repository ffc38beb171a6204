"""The peers, each in a file of its own, built as its documentation has it; they run in an environment of theirs."""
