"""What the tests written in Python share."""
