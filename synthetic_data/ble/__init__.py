"""Virtual Bluetooth devices: real link layer, pairing and GATT, but no hardware."""
