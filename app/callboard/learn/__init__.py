"""What the past says about what is to come."""
