"""What is measured. `catalogue` names the measurements."""
