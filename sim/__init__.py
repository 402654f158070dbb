"""infermint: a discrete-event simulator of compute networks that pay their operators in a coin."""
