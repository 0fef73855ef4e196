"""A Google Health cloud on loopback: consent screen, tokens, data points, roll-ups, webhooks, and faults on demand."""
