"""Side-by-side measurements against the peers: ``./invoke benchmark``. Nothing here is asserted, only reported."""
