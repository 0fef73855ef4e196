"""Total decoders of GATT characteristic values, written from the GATT Specification Supplement."""
