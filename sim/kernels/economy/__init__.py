"""The economy of `requests.mode: capacity`, compiled: all epochs of a run in one call, equal to `sim.world` to the last bit."""
