"""Rules of SMART App Launch: what scopes mean, and how long what is issued lives."""
