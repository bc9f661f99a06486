"""Path3d: demonstrations from what calibrated cameras see, without the state of the world."""
