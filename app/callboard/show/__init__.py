"""What people and programs see: pages, REST, live feed."""
