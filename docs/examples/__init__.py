"""Small programs that use the service from outside, as an app's developer would write them."""
