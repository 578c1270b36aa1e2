"""What the tests are made of: a program that runs, the friends around it, a browser, `fastapi dev`."""
