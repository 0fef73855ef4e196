"""The box beside the devices: collects over Bluetooth, spools to disk, posts, and forgets what was acknowledged."""
