"""Messages to residents: templates, who may get which, when, and by which way; rules only, nothing is sent here."""
