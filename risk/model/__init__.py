"""Our own model of the order of a nurse's calls: time to type-2 diabetes, from check-ups, trained by us."""
