"""What the site is built with: its pages, pictures, recordings and zips. Learners need none of it."""
