"""The accounting itself: pure values and functions, no I/O, no clock, no SQL, no third party.

Everything here is decided from what is passed in, so that the same facts always give the same
books. Whoever needs the time, a database or NetSuite stands outside and calls in.
"""
