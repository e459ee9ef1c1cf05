"""The sample data of the demo project, and the generator that writes it (`python -m sample_data.generate`)."""
