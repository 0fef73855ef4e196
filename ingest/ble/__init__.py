"""Bluetooth Low Energy collectors: standard GATT health profiles to Series."""
