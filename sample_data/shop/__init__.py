"""An invented shop: its people, what they do, and the flaws that real exports have. Used by `sample_data.generate` alone."""
