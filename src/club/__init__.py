"""What the adventure needs beside its steps: tools for those who keep it."""
