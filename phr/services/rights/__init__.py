"""What people may demand of their records, and what the city owes when data leak, are handed on, or the service ends."""
