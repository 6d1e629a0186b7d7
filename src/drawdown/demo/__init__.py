"""Demonstration data and the story told with it: real usage, invented customers and blocks."""
